import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import type { RateLimiter } from '../auth/rate-limiter.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { createLogger, type Logger } from '../logging.ts';
import { Encrypter } from '../panel/encrypter.ts';
import type { ProcessEnv } from '../panel/env/dotenv.ts';
import { loadPanelEnv, type PanelEnv } from '../panel/env/panel-env.ts';
import { createServices, type Services } from '../services.ts';
import { requireAppKey } from '../startup/app-key-check.ts';
import { closePanel, type OpenPanel, openPanel } from '../startup/open-panel.ts';

/** Options of every command that works on a panel. */
export interface PanelOptions {
  readonly panel: string;
  readonly config?: string;
}

/** The panel's environment and the settings in force. */
export interface Context {
  readonly env: PanelEnv;
  readonly settings: Settings;
}

/**
 * Reads both, without connecting.
 *
 * @param processEnv wins over the panel's `.env`
 * @throws OperatorError
 */
export function loadContext(options: PanelOptions, processEnv: ProcessEnv = process.env): Context {
  const env = loadPanelEnv(options.panel, processEnv);
  return { env, settings: loadSettings(options.config ?? null, (name) => env.variable(name)) };
}

/**
 * Opens the panel and checks that its APP_KEY is the right one. Close it when done: `closeServices`.
 *
 * @param rateLimiter Closed with the services, and also where they can't be opened.
 */
export async function openServices(
  { env, settings }: Context,
  logger: Logger,
  rateLimiter: RateLimiter = new MemoryRateLimiter(),
): Promise<Services> {
  try {
    return await openOver(await openPanel(env, settings), env, settings, logger, rateLimiter);
  } catch (error) {
    rateLimiter.close();
    throw error;
  }
}

async function openOver(
  opened: OpenPanel,
  env: PanelEnv,
  settings: Settings,
  logger: Logger,
  rateLimiter: RateLimiter,
): Promise<Services> {
  try {
    await requireAppKey(opened.database, opened.panel, new Encrypter(env.appKeys));
    return createServices(env, settings, opened, logger, rateLimiter);
  } catch (error) {
    await closePanel(opened);
    throw error;
  }
}

/** Finishes what follows the answers, and closes the database. */
export async function closeServices({ lastUsed, rateLimiter, reads, database }: Services): Promise<void> {
  await lastUsed.drain();
  rateLimiter.close();
  await reads.close();
  await database.close();
}

/** Runs `work` on a panel from the shell: quiet, and closed afterwards. */
export async function withServices<Result>(
  options: PanelOptions,
  work: (services: Services, env: PanelEnv) => Promise<Result>,
): Promise<Result> {
  const context = loadContext(options);
  const services = await openServices(context, createLogger('warn', process.stderr));
  try {
    return await work(services, context.env);
  } finally {
    await closeServices(services);
  }
}
