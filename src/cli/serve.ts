import type { FastifyInstance } from 'fastify';
import { describeDatabase } from '../database/open.ts';
import { buildApp } from '../http/app.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { createLogger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import { readCachedConfig } from '../panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../panel/env/cached-config-differences.ts';
import type { Services } from '../services.ts';
import { type Context, loadContext, openServices, type PanelOptions } from './panel-context.ts';

/** Options of `serve`. */
export interface ServeOptions extends PanelOptions {
  readonly listen?: string;
}

/** Runs the service until a signal asks it to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const context = loadContext(options);
  const { env, settings } = context;
  const address = parseListenAddress(options.listen ?? settings.server.listen);
  const logger = createLogger(settings.server.log_level);
  warnOfCachedConfig(context, (text) => logger.warn(text));
  const services = await openServices(context, logger);
  const app = await buildApp(services, env);
  const url = await listen(app, address);
  const { name } = services.panel;
  logger.info(
    { url, panel: name, database: describeDatabase(env.database), config: options.config ?? null },
    `panel-sidecar listens on ${url} beside ${name}`,
  );
  stopOnSignal(app, services);
}

/** Starts to listen, and says where. @throws OperatorError where the address can't be had. */
export async function listen(app: FastifyInstance, address: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen(address);
  } catch (error) {
    const { code } = error as { code?: string };
    const reason = code === 'EADDRINUSE' ? 'something listens there already' : String(code ?? error);
    throw new OperatorError(`cannot listen on ${address.host}:${address.port}: ${reason}`);
  }
}

/** On SIGTERM or SIGINT: takes no new requests, finishes those it has, and ends the process. */
export function stopOnSignal(app: FastifyInstance, services: Services): void {
  const stop = async (signal: string) => {
    services.logger.info({ signal }, 'stopping');
    await app.close();
    await services.lastUsed.drain();
    await services.database.close();
    services.logger.info('stopped');
  };
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      stop(signal).catch((error) => {
        services.logger.error({ err: error }, 'could not stop in order');
        process.exit(1);
      });
    });
  }
}

function warnOfCachedConfig({ env }: Context, warn: (text: string) => void): void {
  const cached = readCachedConfig(env.folder);
  if (cached === null) return;
  for (const difference of cachedConfigDifferences(cached, env)) warn(difference);
}
