import { serviceAccount } from './admin-session.ts';
import type { PanelDatabase } from './panel-database.ts';

/** Keeps the service from adding rows to a table of the panel. SQLite has no accounts; there nobody can. */
export async function forbidInserts(panel: PanelDatabase, table: string): Promise<void> {
  await panel.execute(
    panel.dialect === 'sqlite'
      ? `create trigger forbid_${table} before insert on ${table} begin select raise(abort, 'forbidden'); end`
      : `revoke insert on ${table} from ${serviceAccount(panel)}`,
  );
}

/** Lets it add rows again, and may be called where it never was kept from it. */
export async function allowInserts(panel: PanelDatabase, table: string): Promise<void> {
  await panel.execute(
    panel.dialect === 'sqlite'
      ? `drop trigger if exists forbid_${table}`
      : `grant insert on ${table} to ${serviceAccount(panel)}`,
  );
}
