import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import type { PanelDatabase } from './panel-database.ts';

/** A connection as the database user that the service logs in as. */
export type ServiceConnection = {
  /** The variables of the panel's `.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
};

/** Logs in to a panel's server with what its `.env` says. */
export async function connectAsService(panel: PanelDatabase): Promise<ServiceConnection> {
  const env = parseEnv(readFileSync(join(panel.folder, '.env'), 'utf8'));
  const options = {
    host: env.DB_HOST ?? '',
    port: Number(env.DB_PORT),
    user: env.DB_USERNAME ?? '',
    password: env.DB_PASSWORD ?? '',
    database: env.DB_DATABASE ?? '',
  };
  if (panel.dialect === 'postgres') {
    const client = new pg.Client(options);
    await client.connect();
    return { env, query: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
  }
  const connection = await createConnection(options);
  return { env, query: async (sql) => (await connection.query(sql))[0], end: () => connection.end() };
}
