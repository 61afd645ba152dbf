import { type Connection, createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import type { PanelDatabase } from './panel-database.ts';

/** The value of a variable in the panel's `.env`. */
export function envValueOf(panel: PanelDatabase, name: string): string {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(panel.envText())?.[1];
  if (value === undefined) throw new Error(`the panel's .env has no ${name}`);
  return value;
}

/** The account the service logs in with, as SQL writes it. */
export const serviceAccount = (panel: PanelDatabase) => `'${envValueOf(panel, 'DB_USERNAME')}'@'127.0.0.1'`;

/** A connection of the administrator's own to the panel's database, for transactions and locks; end it. */
export function adminSession(panel: PanelDatabase): Promise<Connection> {
  const { host, port, rootUser: user, rootPassword: password } = inject('mariadb');
  return createConnection({ host, port, user, password, database: envValueOf(panel, 'DB_DATABASE') });
}

/**
 * Whether the service waits for a user's row that somebody else holds. InnoDB's own table of waits is no help:
 * it is not brought up to date while it is being read all the time.
 */
export async function waitsForUser(panel: PanelDatabase): Promise<boolean> {
  const rows = await panel.query(
    "select id from information_schema.processlist where user = ? and info like 'select%for update'",
    [envValueOf(panel, 'DB_USERNAME')],
  );
  return rows.length > 0;
}
