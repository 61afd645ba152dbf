import type { Kysely } from 'kysely';
import type { Database } from '../database/database.ts';
import { type Migration, migrations } from './migrations.ts';

/** A step taken, for people. */
export interface Step {
  readonly version: number;
  readonly title: string;
  readonly direction: 'up' | 'down';
}

/**
 * Makes the own tables, or brings them up to this version. What is there already is left alone, so it can be
 * run again at any time.
 *
 * @param onStep Told of each step once it is taken.
 */
export async function migrateUp(database: Database, onStep: (step: Step) => void): Promise<void> {
  await ensureJournal(database);
  const taken = await takenVersions(database);
  for (const migration of migrations) {
    if (taken.has(migration.version)) continue;
    await migration.up(schemaOf(database), database.numberedColumn, database.exactTexts);
    await database.queries
      .insertInto('sidecar_migrations')
      .values({ version: migration.version, applied_at: Date.now() })
      .execute();
    onStep({ ...describe(migration), direction: 'up' });
  }
}

/** Removes the own tables with all they hold. */
export async function migrateDown(database: Database, onStep: (step: Step) => void): Promise<void> {
  for (const migration of migrations.toReversed()) {
    await migration.down(schemaOf(database));
    onStep({ ...describe(migration), direction: 'down' });
  }
  await database.queries.schema.dropTable('sidecar_migrations').ifExists().execute();
}

function describe({ version, title }: Migration) {
  return { version, title };
}

async function ensureJournal({ queries }: Database): Promise<void> {
  await queries.schema
    .createTable('sidecar_migrations')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function takenVersions({ queries }: Database): Promise<ReadonlySet<number>> {
  const rows = await queries.selectFrom('sidecar_migrations').select('version').execute();
  return new Set(rows.map(({ version }) => version));
}

function schemaOf({ queries }: Database): Kysely<unknown> {
  return queries as unknown as Kysely<unknown>;
}
