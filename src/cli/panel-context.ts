import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { createLogger, type Logger } from '../logging.ts';
import { Encrypter } from '../panel/encrypter.ts';
import { loadPanelEnv, type PanelEnv } from '../panel/env/panel-env.ts';
import { createServices, type Services } from '../services.ts';
import { requireAppKey } from '../startup/app-key-check.ts';
import { openPanel } from '../startup/open-panel.ts';

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

/** Reads both, without connecting. @throws OperatorError */
export function loadContext(options: PanelOptions): Context {
  const env = loadPanelEnv(options.panel, process.env);
  return { env, settings: loadSettings(options.config ?? null, (name) => env.variable(name)) };
}

/** Opens the panel and checks that its APP_KEY is the right one. Close its database when done. */
export async function openServices({ env, settings }: Context, logger: Logger): Promise<Services> {
  const { database, panel } = await openPanel(env, settings);
  try {
    await requireAppKey(database, panel, new Encrypter(env.appKeys));
    return createServices(env, settings, database, panel, logger);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Runs `work` on a panel from the shell: quiet, and closed afterwards. */
export async function withServices<Result>(
  options: PanelOptions,
  work: (services: Services) => Promise<Result>,
): Promise<Result> {
  const services = await openServices(loadContext(options), createLogger('warn', process.stderr));
  try {
    return await work(services);
  } finally {
    await services.lastUsed.drain();
    await services.database.close();
  }
}
