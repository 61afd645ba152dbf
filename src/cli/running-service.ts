import type { FastifyInstance } from 'fastify';
import { createSender } from '../housekeeping/create-sender.ts';
import { Janitor } from '../housekeeping/janitor.ts';
import { buildApp } from '../http/app.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import type { Logger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
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
  readonly services: Services;
  /** Takes no new requests, finishes those it has, and closes the database. */
  stop(): Promise<void>;
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
): Promise<RunningService> {
  const services = await openServices(context, logger);
  const janitor = new Janitor(services);
  try {
    await requireScopesHold(services);
    const sender = createSender(services);
    const app = await buildApp(services, context.env);
    const url = await listen(app, addresses);
    janitor.start();
    sender.start();
    const stop = async () => {
      await app.close();
      await Promise.all([janitor.stop(), sender.stop()]);
      await closeServices(services);
    };
    return { url, services, stop };
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
 * On a signal: stops a service in order, one that is still starting once it has started. A signal
 * may come several times (a terminal and npm both pass Ctrl-C on); it counts once.
 *
 * @param starting A service that can't be started is its caller's to report.
 */
export function stopOnSignal(
  starting: Promise<RunningService>,
  logger: Logger,
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): void {
  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, 'stopping');
    const service = await starting.catch(() => null);
    await service?.stop();
    logger.info('stopped');
  };
  for (const signal of signals) {
    process.on(signal, () => {
      stop(signal).catch((error) => {
        logger.error({ err: error }, 'could not stop in order');
        process.exit(1);
      });
    });
  }
}
