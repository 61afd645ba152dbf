import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { inject } from 'vitest';
import { send } from './client.ts';
import type { PanelDatabase } from './panel-database.ts';

/** The value of a variable in the panel's `.env`. */
export function envValueOf(panel: PanelDatabase, name: string): string {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(panel.envText())?.[1];
  if (value === undefined) throw new Error(`the panel's .env has no ${name}`);
  return value;
}

/** The account the service logs in with, as SQL writes it. */
export function serviceAccount(panel: PanelDatabase): string {
  const user = envValueOf(panel, 'DB_USERNAME');
  return panel.dialect === 'postgres' ? user : `'${user}'@'127.0.0.1'`;
}

/** A connection of the administrator's own, for transactions and locks; end it. */
export interface AdminSession {
  /** Runs a statement without parameters. */
  query(sql: string): Promise<void>;
  /** Begins a transaction that, until it ends, keeps others from making keys for this user. */
  holdUser(user: { readonly id: number }): Promise<void>;
  /** Begins one in which nobody else can read a key. */
  holdKeys(): Promise<void>;
  end(): Promise<void>;
}

/** Opens such a connection to the database of a panel on one of the servers that all tests share, or a file. */
export async function adminSession(panel: PanelDatabase): Promise<AdminSession> {
  const { query, end } = await connect(panel);
  const lockKeys = {
    mysql: 'lock tables api_keys write',
    sqlite: 'begin exclusive',
    postgres: 'begin; lock table api_keys',
  };
  return {
    query,
    end,
    holdKeys: () => query(lockKeys[panel.dialect]),
    async holdUser({ id }) {
      // SQLite knows no locks of rows: who is about to write has the file.
      await query(panel.dialect === 'sqlite' ? 'begin immediate' : 'begin');
      if (panel.dialect !== 'sqlite') await query(`select id from users where id = ${id} for update`);
    },
  };
}

async function connect(panel: PanelDatabase): Promise<Pick<AdminSession, 'query' | 'end'>> {
  const { on } = panel.cell;
  if (on === 'sqlite') {
    const file = new DatabaseSync(join(panel.folder, 'database.sqlite'), { timeout: 5_000 });
    return { query: async (sql) => file.exec(sql), end: async () => file.close() };
  }
  const { host, port, rootUser: user, rootPassword: password } = inject(on);
  const options = { host, port, user, password, database: envValueOf(panel, 'DB_DATABASE') };
  if (on === 'postgres') {
    const client = new pg.Client(options);
    await client.connect();
    return { query: async (sql) => void (await client.query(sql)), end: () => client.end() };
  }
  const connection = await createConnection(options);
  return { query: async (sql) => void (await connection.query(sql)), end: () => connection.end() };
}

/**
 * Whether the service waits for a user whom somebody else holds. SQLite shows nothing, but whoever is in flight
 * there waits, or will.
 */
export async function waitsForUser(panel: PanelDatabase, url: string): Promise<boolean> {
  return panel.dialect === 'sqlite'
    ? (await inFlight(url)) > 1
    : waitsForLock(panel, "info like '%for update'");
}

/** How MySQL shows that a statement waits for a whole table. */
const onTable = "state = 'Waiting for table metadata lock'";

/** Whether the service waits for keys that somebody else holds. SQLite does not show it. */
export function waitsForKeys(panel: PanelDatabase): Promise<boolean> {
  return waitsForLock(panel, onTable);
}

/** How many requests wait for the activity log, or for a user or node. SQLite does not show it. */
export async function requestsThatWait(panel: PanelDatabase): Promise<number> {
  const insert = 'insert into%activity%logs%';
  const onMysql = `(${onTable} and info like '${insert}' or info like '%for update')`;
  const onPostgres = `(query like '${insert}' or query like '%advisory%')`;
  return (await waiting(panel, onMysql, onPostgres)).length;
}

/** Whether a new claim of the service's waits for an ended one that somebody else holds. SQLite does not show it. */
export function waitsForEndedClaim(panel: PanelDatabase): Promise<boolean> {
  const update = "update%set outcome = ''expired''%";
  return waitsForLock(panel, `info like '${update}'`, `query like '${update}'`);
}

async function waitsForLock(panel: PanelDatabase, onMysql: string, onPostgres?: string): Promise<boolean> {
  return (await waiting(panel, onMysql, onPostgres)).length > 0;
}

/**
 * Statements of the service that wait for a lock.
 *
 * @param onMysql how a process shows there that it waits; InnoDB's own table of waits is no help, as it is not
 *   brought up to date while it is being read all the time
 */
function waiting(panel: PanelDatabase, onMysql: string, onPostgres = 'true') {
  const statements =
    panel.dialect === 'postgres'
      ? `select pid from pg_stat_activity where usename = ? and wait_event_type = 'Lock' and ${onPostgres}`
      : `select id from information_schema.processlist where user = ? and ${onMysql}`;
  return panel.query(statements, [envValueOf(panel, 'DB_USERNAME')]);
}

/** Requests that a service is working on, the one that asks included. */
export async function inFlight(url: string): Promise<number> {
  const { text } = await send(url, { path: '/metrics' });
  return Number(/^panel_sidecar_requests_in_flight (\d+)$/m.exec(text)?.[1]);
}
