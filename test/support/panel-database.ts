import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { createTableStatements } from '../../src/demo/schema/ddl.ts';
import { pelicanTables } from '../../src/demo/schema/pelican.ts';
import { pterodactylTables } from '../../src/demo/schema/pterodactyl.ts';
import { type Cell, createCell, type DatabaseName, type PanelName } from './cells.ts';
import { createServiceUser } from './least-privilege.ts';
import { createMysqlDatabase } from './mysql-database.ts';
import { type PanelTraits, panelTraits } from './panel-traits.ts';
import { createPostgresDatabase } from './postgres-database.ts';
import { createSqliteDatabase } from './sqlite-database.ts';
import type { Seed, ServerAddress, SqlExecutor, TestDatabase } from './test-database.ts';

/** The key under which every test panel encrypts; as it stands in a panel's `.env`. */
export const TEST_APP_KEY = 'base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

/** Variables of a panel's `.env`; null leaves one out that would otherwise be there. */
export type EnvOverrides = Readonly<Record<string, string | null>>;

/** A panel as the service meets it: a folder with an `.env`, and the database which that names. */
export type PanelDatabase = SqlExecutor & {
  readonly cell: Cell;
  /** What to expect of this panel. */
  readonly traits: PanelTraits;
  /** The panel's folder; holds an `.env` without overrides. */
  readonly folder: string;
  /** The text of an `.env` for this database, whose user has the privileges the docs print, and no others. */
  envText(overrides?: EnvOverrides): string;
  /** Variables with which a command works as the database's administrator. */
  readonly adminEnv: Readonly<Record<string, string>>;
  /** Lets the service use the own tables, which must have been made: `migrateOwnTables`. */
  grantOwnTables(): Promise<void>;
  /** Empties all tables, granted own ones too, and fills them again. */
  reset(seed: Seed): Promise<void>;
  /** Removes the database, its user and the folder. */
  drop(): Promise<void>;
};

/**
 * Creates a panel with all its tables and no rows.
 *
 * @param on `mariadb`, `mysql`, `postgres`: a database with a random name on the server that all tests share;
 *   `sqlite`: a file. Pterodactyl does not run on PostgreSQL; on SQLite only the demo does.
 * @param address another server than the shared one, for tests that stop it
 */
export async function createPanelDatabase(
  panel: PanelName,
  on: DatabaseName,
  address?: ServerAddress,
): Promise<PanelDatabase> {
  const { tables, env, sessionZone } = panels[panel];
  const folder = mkdtempSync(join(tmpdir(), `panel-sidecar-${panel}-`));
  const database = await createDatabase(on, folder, address, sessionZone);
  for (const sql of createTableStatements(tables, database.dialect, '')) await database.execute(sql);
  const access = await grantAccess(database, panel, on, address ?? sharedServer(on));
  const envText = (overrides: EnvOverrides = {}) => renderEnv({ ...env, ...access.env, ...overrides });
  writeFileSync(join(folder, '.env'), envText());
  const names = tables.map((table) => table.name);
  return {
    dialect: database.dialect,
    query: database.query,
    execute: database.execute,
    cell: createCell(panel, on),
    traits: panelTraits[panel],
    folder,
    envText,
    adminEnv: access.adminEnv,
    async grantOwnTables() {
      await access.grantOwnTables();
      names.push('sidecar_keys', 'sidecar_idempotency', 'sidecar_outbox', 'sidecar_announcements');
      names.push('sidecar_claims', 'sidecar_claim_ports', 'sidecar_holds');
    },
    reset: (seed) => database.refill(names, seed),
    async drop() {
      await access.drop();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

const commonEnv = {
  APP_ENV: 'production',
  APP_DEBUG: 'false',
  APP_KEY: TEST_APP_KEY,
  APP_URL: 'http://panel.test',
};

const panels = {
  pterodactyl: {
    tables: pterodactylTables,
    env: { ...commonEnv, APP_TIMEZONE: 'UTC' },
    sessionZone: '+00:00',
  },
  pelican: {
    tables: pelicanTables,
    // Pelican is in UTC whatever this says; a service that believed it would be caught.
    env: { ...commonEnv, APP_TIMEZONE: 'America/New_York' },
    // It writes UTC into sessions of whatever zone the server has.
    sessionZone: null,
  },
};

type NamedDatabase = TestDatabase & { readonly name: string };

async function createDatabase(
  on: DatabaseName,
  folder: string,
  address: ServerAddress | undefined,
  sessionZone: string | null,
): Promise<NamedDatabase> {
  switch (on) {
    case 'sqlite': {
      const name = join(folder, 'database.sqlite');
      return { name, ...createSqliteDatabase(name) };
    }
    case 'mariadb':
    case 'mysql':
      return createMysqlDatabase(address ?? inject(on), sessionZone);
    case 'postgres':
      return createPostgresDatabase(address ?? inject('postgres'));
  }
}

function sharedServer(on: DatabaseName): ServerAddress | null {
  return on === 'sqlite' ? null : inject(on);
}

/** How the service gets to the database, by the panel's own variables. */
type Access = {
  readonly env: Readonly<Record<string, string>>;
  readonly adminEnv: Readonly<Record<string, string>>;
  grantOwnTables(): Promise<void>;
  drop(): Promise<void>;
};

async function grantAccess(
  database: NamedDatabase,
  panel: PanelName,
  on: DatabaseName,
  address: ServerAddress | null,
): Promise<Access> {
  if (address === null) {
    const nothing = async () => undefined;
    const env = { DB_CONNECTION: 'sqlite', DB_DATABASE: database.name };
    return { env, adminEnv: {}, grantOwnTables: nothing, drop: nothing };
  }
  const service = await createServiceUser(database, panel, database.name);
  return {
    env: {
      DB_CONNECTION: connectionNames[panel][on],
      DB_HOST: address.host,
      DB_PORT: String(address.port),
      DB_DATABASE: database.name,
      DB_USERNAME: service.user,
      DB_PASSWORD: service.password,
    },
    adminEnv: { DB_USERNAME: address.rootUser, DB_PASSWORD: address.rootPassword },
    grantOwnTables: service.grantOwnTables,
    drop: service.drop,
  };
}

/** `DB_CONNECTION` as each panel's installer writes it. */
const connectionNames = {
  pterodactyl: { sqlite: 'sqlite', mariadb: 'mysql', mysql: 'mysql', postgres: 'pgsql' },
  pelican: { sqlite: 'sqlite', mariadb: 'mariadb', mysql: 'mysql', postgres: 'pgsql' },
};

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
