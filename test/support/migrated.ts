import { run } from './cli.ts';
import type { PanelDatabase } from './panel-database.ts';

/**
 * Makes the own tables in a panel as an operator does: by the command, as the database's administrator, and by
 * the grants that the docs print for the service's own account.
 */
export async function migrateOwnTables(panel: PanelDatabase): Promise<void> {
  const { code, stderr } = await run(['migrate', '--panel', panel.folder], { env: panel.adminEnv });
  if (code !== 0) throw new Error(`migrate ended with ${code}: ${stderr}`);
  await panel.grantOwnTables();
}
