import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { createTableStatements } from '../../src/demo/schema/ddl.ts';
import { pterodactylTables } from '../../src/demo/schema/pterodactyl.ts';
import { createServiceUser } from './least-privilege.ts';
import { createMariadbDatabase } from './mariadb-database.ts';
import type { MariadbAddress } from './mariadb-server.ts';
import { createSqliteDatabase } from './sqlite-database.ts';
import type { Seed, SqlExecutor, TestDatabase } from './test-database.ts';

/** The key under which every test panel encrypts; as it stands in a panel's `.env`. */
export const TEST_APP_KEY = 'base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

/** Variables of a panel's `.env`; null leaves one out that would otherwise be there. */
export type EnvOverrides = Readonly<Record<string, string | null>>;

/** A panel as the service meets it: a folder with an `.env`, and the database which that names. */
export type PanelDatabase = SqlExecutor & {
  /** The panel's folder; holds an `.env` without overrides. */
  readonly folder: string;
  /** The text of an `.env` for this database, whose user has the README's privileges only. */
  envText(overrides?: EnvOverrides): string;
  /** Empties all tables and fills them again. */
  reset(seed: Seed): Promise<void>;
  /** Removes the database, its user and the folder. */
  drop(): Promise<void>;
};

/**
 * Creates a panel with all its tables and no rows.
 *
 * @param on `mariadb`: a database with a random name on the server that all tests share; `sqlite`: a file
 * @param address another MariaDB than the shared one, for tests that stop it
 */
export async function createPanelDatabase(
  panel: 'pterodactyl',
  on: 'mariadb' | 'sqlite',
  address?: MariadbAddress,
): Promise<PanelDatabase> {
  const folder = mkdtempSync(join(tmpdir(), `panel-sidecar-${panel}-`));
  const place = await (on === 'sqlite' ? onSqlite(folder) : onMariadb(address ?? inject('mariadb')));
  const envText = (overrides: EnvOverrides = {}) => renderEnv({ ...panelEnv, ...place.env, ...overrides });
  writeFileSync(join(folder, '.env'), envText());
  const tables = pterodactylTables.map((table) => table.name);
  return {
    dialect: place.database.dialect,
    query: place.database.query,
    execute: place.database.execute,
    folder,
    envText,
    reset: (seed) => place.database.refill(tables, seed),
    async drop() {
      await place.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

const panelEnv = {
  APP_ENV: 'production',
  APP_DEBUG: 'false',
  APP_KEY: TEST_APP_KEY,
  APP_URL: 'http://panel.test',
  APP_TIMEZONE: 'UTC',
};

type Place = {
  readonly database: TestDatabase;
  readonly env: Readonly<Record<string, string>>;
  drop(): Promise<void>;
};

async function onSqlite(folder: string): Promise<Place> {
  const path = join(folder, 'database.sqlite');
  const database = createSqliteDatabase(path);
  await createTables(database);
  return { database, env: { DB_CONNECTION: 'sqlite', DB_DATABASE: path }, drop: database.drop };
}

async function onMariadb(address: MariadbAddress): Promise<Place> {
  const database = await createMariadbDatabase(address);
  await createTables(database);
  const service = await createServiceUser(database, database.name);
  return {
    database,
    env: {
      DB_CONNECTION: 'mysql',
      DB_HOST: address.host,
      DB_PORT: String(address.port),
      DB_DATABASE: database.name,
      DB_USERNAME: service.user,
      DB_PASSWORD: service.password,
    },
    async drop() {
      await service.drop();
      await database.drop();
    },
  };
}

async function createTables(database: TestDatabase): Promise<void> {
  for (const sql of createTableStatements(pterodactylTables, database.dialect, ''))
    await database.execute(sql);
}

function renderEnv(variables: EnvOverrides): string {
  const lines = Object.entries(variables).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${quoteIfNeeded(value)}\n`],
  );
  return lines.join('');
}

function quoteIfNeeded(value: string): string {
  if (/^[\w.:/=+,@*-]*$/.test(value)) return value;
  return `"${value.replaceAll(/["\\$]/g, '\\$&')}"`;
}
