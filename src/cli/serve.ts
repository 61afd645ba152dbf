import { describeDatabase } from '../database/open.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { createLogger } from '../logging.ts';
import { readCachedConfig } from '../panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../panel/env/cached-config-differences.ts';
import { type Context, loadContext, type PanelOptions } from './panel-context.ts';
import { startService, stopOnSignal } from './running-service.ts';

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
  const starting = startService(context, logger, [address]);
  stopOnSignal(starting, logger);
  const { url, services } = await starting;
  const { name } = services.panel;
  logger.info(
    { url, panel: name, database: describeDatabase(env.database), config: options.config ?? null },
    `panel-sidecar listens on ${url} beside ${name}`,
  );
}

function warnOfCachedConfig({ env }: Context, warn: (text: string) => void): void {
  const cached = readCachedConfig(env.folder);
  if (cached === null) return;
  for (const difference of cachedConfigDifferences(cached, env)) warn(difference);
}
