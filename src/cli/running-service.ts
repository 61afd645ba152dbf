import type { FastifyInstance } from 'fastify';
import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import type { RateLimiter } from '../auth/rate-limiter.ts';
import { createSender } from '../housekeeping/create-sender.ts';
import { Janitor } from '../housekeeping/janitor.ts';
import { buildApp } from '../http/app.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import type { Logger } from '../logging.ts';
import type { Metrics } from '../metrics.ts';
import { OperatorError } from '../operator-error.ts';
import { requireScopesHold } from '../startup/scope-check.ts';
import { type Context, closeServices, openServices } from './panel-context.ts';

/**
 * Connections that may wait to be taken; the system may allow fewer. Whoever finds no room waits a second and more
 * before trying again, the checks of health included, while refusing a request takes a fraction of a millisecond.
 */
const backlog = 4096;

/** The service, listening. */
export interface RunningService {
  readonly url: string;
  /** The panel it found, for people. */
  readonly panelName: string;
  /** This process's own metrics. */
  readonly registry: Metrics['registry'];
  /** Takes no new requests, finishes those it has, and closes the database. */
  stop(): Promise<void>;
}

/** What a process shares with others that serve the same panel at the same address. */
export interface Place {
  /** Closed when the service stops, and where it can't start. */
  readonly rateLimiter: RateLimiter;
  /** The metrics of all of them together; null where there is only this one. */
  readonly collectMetrics: (() => Promise<string>) | null;
  /** Whether what one of them has to do for all is done here: housekeeping, webhooks, remarks at the start. */
  readonly isFirst: boolean;
}

/** The place of a process that shares its address with no other. */
export function alone(rateLimiter: RateLimiter = new MemoryRateLimiter()): Place {
  return { rateLimiter, collectMetrics: null, isFirst: true };
}

/**
 * Starts the service over a panel.
 *
 * @param addresses Tried in order while one after the other is taken.
 * @throws OperatorError; nothing is left open then.
 */
export async function startService(
  context: Context,
  logger: Logger,
  addresses: readonly ListenAddress[],
  { rateLimiter, collectMetrics, isFirst }: Place = alone(),
): Promise<RunningService> {
  const opened = await openServices(context, logger, rateLimiter);
  const services = collectMetrics === null ? opened : { ...opened, collectMetrics };
  const { registry } = services.metrics;
  try {
    const remarks = isFirst ? logger : logger.child({}, { level: 'silent' });
    await requireScopesHold({ ...services, logger: remarks });
    const chores = isFirst ? [new Janitor(services), createSender(services)] : [];
    const app = await buildApp(services, context.env);
    const url = await listen(app, addresses);
    for (const chore of chores) chore.start();
    const stop = async () => {
      await app.close();
      await Promise.all(chores.map((chore) => chore.stop()));
      await closeServices(services);
    };
    return { url, panelName: services.panel.name, registry, stop };
  } catch (error) {
    await closeServices(services);
    throw error;
  }
}

async function listen(app: FastifyInstance, [first, ...others]: readonly ListenAddress[]): Promise<string> {
  if (first === undefined) throw new Error('no address to listen on');
  try {
    return await app.listen({ ...first, backlog });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE' && others.length > 0) return await listen(app, others);
    const reason = code === 'EADDRINUSE' ? 'something listens there already' : String(code ?? error);
    throw new OperatorError(`cannot listen on ${first.host}:${first.port}: ${reason}`);
  }
}

/**
 * On a signal: stops a service in order, one that is still starting once it has started. A signal may come several
 * times (a terminal and npm both pass Ctrl-C on); it counts once.
 *
 * @param starting A service that can't be started is its caller's to report.
 * @param causes The signals; `disconnect` is the loss of the process that started this one as its worker.
 */
export function stopOnSignal(
  starting: Promise<Pick<RunningService, 'stop'>>,
  logger: Logger,
  causes: readonly (NodeJS.Signals | 'disconnect')[] = ['SIGTERM', 'SIGINT'],
): void {
  let isStopping = false;
  const stop = async (cause: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ cause }, 'stopping');
    const service = await starting.catch(() => null);
    await service?.stop();
    logger.info('stopped');
  };
  for (const cause of causes) {
    process.on(cause as NodeJS.Signals, () => {
      stop(cause).catch((error) => {
        logger.error({ err: error }, 'could not stop in order');
        process.exit(1);
      });
    });
  }
}
