import { type CheckReport, runChecks } from '../../src/doctor/run-checks.ts';
import type { PanelDatabase } from '../support/panel-database.ts';

/** What is found of one thing. @param url The panel's public address, in place of APP_URL. */
export async function examine(
  panel: PanelDatabase,
  check: string,
  env: Readonly<Record<string, string>> = {},
  url?: string,
): Promise<CheckReport> {
  const address = url === undefined ? {} : { url };
  const reports = await runChecks({ panel: panel.folder, config: null, processEnv: env, ...address });
  const report = reports.find(({ name }) => name === check);
  if (report === undefined) throw new Error(`nothing is said of ${check}`);
  return report;
}
