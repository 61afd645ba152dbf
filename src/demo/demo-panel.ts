import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Encrypter } from '../panel/encrypter.ts';
import type { DemoKind, TableRows } from './demo-kind.ts';
import { createTableStatements } from './schema/ddl.ts';
import { quoteIdentifier, quoteIdentifiers } from './schema/identifiers.ts';
import { createSeed, type DemoSeed } from './seed.ts';

/** A panel made up for one run: a folder with an `.env`, and the SQLite file which that names. */
export interface DemoPanel {
  readonly folder: string;
  readonly seed: DemoSeed;
  /** Deletes the folder. */
  remove(): void;
}

/** Makes the demo panel in a temporary folder. Its APP_KEY and all secrets are random. */
export function createDemoPanel(kind: DemoKind): DemoPanel {
  const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-demo-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const appKey = randomBytes(32);
    const seed = createSeed(kind.keyPrefixes);
    const file = join(folder, 'database.sqlite');
    fill(file, kind, kind.rows(seed, new Encrypter([appKey])));
    writeFileSync(join(folder, '.env'), envText(appKey, file), { mode: 0o600 });
    return { folder, seed, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function fill(file: string, kind: DemoKind, content: readonly TableRows[]): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: true });
  try {
    // Servers and ports point to each other, so foreign keys are looked at when everything is there.
    database.exec('begin; pragma defer_foreign_keys = on');
    for (const statement of createTableStatements(kind.tables, 'sqlite', '')) database.exec(statement);
    for (const rows of content) insert(database, rows);
    database.exec('commit');
  } finally {
    database.close();
  }
}

function insert(database: DatabaseSync, { table, rows }: TableRows): void {
  const columns = Object.keys(rows[0] ?? {});
  const places = columns.map(() => '?').join(', ');
  const statement = database.prepare(
    `insert into ${quoteIdentifier(table, 'sqlite')} (${quoteIdentifiers(columns, 'sqlite')}) values (${places})`,
  );
  for (const row of rows) statement.run(...columns.map((column) => row[column] ?? null));
}

function envText(appKey: Buffer, file: string): string {
  const variables = {
    APP_KEY: `base64:${appKey.toString('base64')}`,
    APP_TIMEZONE: 'UTC',
    DB_CONNECTION: 'sqlite',
    DB_DATABASE: `"${file}"`,
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
