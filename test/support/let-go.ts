import { envValueOf } from './admin-session.ts';
import type { PanelDatabase } from './panel-database.ts';

/** Whether the server has noticed that a killed service is gone, and ended what it had begun. */
export async function isLetGo(panel: PanelDatabase): Promise<boolean> {
  if (panel.dialect === 'sqlite') return true;
  const table = panel.dialect === 'mysql' ? 'information_schema.processlist' : 'pg_stat_activity';
  const column = panel.dialect === 'mysql' ? 'user' : 'usename';
  const user = envValueOf(panel, 'DB_USERNAME');
  return (await panel.query(`select 1 from ${table} where ${column} = ?`, [user])).length === 0;
}
