import type { Kysely } from 'kysely';
import type { ExactTexts, NumberedColumn } from '../database/database.ts';

/**
 * One step of the own tables. Steps that have been released never change; new ones are added. A step that broke
 * off half-way must be whole after it is taken again, and never touch what is there.
 */
export interface Migration {
  readonly version: number;
  readonly title: string;
  up(queries: Kysely<unknown>, numbered: NumberedColumn, exact: ExactTexts): Promise<void>;
  down(queries: Kysely<unknown>): Promise<void>;
}

// Longest text that every supported MySQL can index in full.
const indexedText = 'varchar(191)';

const keysAndOutbox: Migration = {
  version: 1,
  title: 'scopes, ends and references of keys; repeated requests; webhooks',
  async up(queries, numbered, exact) {
    await exact(queries.schema.createTable('sidecar_keys').ifNotExists())
      .addColumn('api_key_id', 'integer', (column) => column.primaryKey())
      .addColumn('identifier', 'varchar(16)', (column) => column.notNull())
      .addColumn('permissions', 'text')
      .addColumn('servers', 'text')
      .addColumn('reference', indexedText)
      .addColumn('expires_at', 'bigint')
      .addColumn('disabled_at', 'bigint')
      .addColumn('disabled_by_admin', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('rotated_from', 'varchar(16)')
      .addColumn('rotated_to', 'varchar(16)')
      .execute();
    await createIndex(queries, 'sidecar_keys', ['reference']);
    await createIndex(queries, 'sidecar_keys', ['expires_at']);
    await numbered(queries.schema.createTable('sidecar_idempotency').ifNotExists())
      .addColumn('fingerprint', 'char(64)', (column) => column.notNull().unique())
      .addColumn('input_hash', 'char(64)', (column) => column.notNull())
      .addColumn('answer', 'text')
      .addColumn('resource', indexedText)
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await createIndex(queries, 'sidecar_idempotency', ['created_at']);
    await numbered(queries.schema.createTable('sidecar_outbox').ifNotExists())
      .addColumn('message_id', 'varchar(40)', (column) => column.notNull())
      .addColumn('endpoint', indexedText, (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('next_attempt_at', 'bigint')
      .addColumn('claimed_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('last_error', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await createIndex(queries, 'sidecar_outbox', ['next_attempt_at']);
    await queries.schema
      .createTable('sidecar_announcements')
      .ifNotExists()
      .addColumn('api_key_id', 'integer', (column) => column.primaryKey())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .execute();
  },
  async down(queries) {
    const tables = ['sidecar_announcements', 'sidecar_outbox', 'sidecar_idempotency', 'sidecar_keys'];
    for (const table of tables) {
      await queries.schema.dropTable(table).ifExists().execute();
    }
  },
};

const claims: Migration = {
  version: 2,
  title: 'claims of free ports',
  async up(queries, _numbered, exact) {
    await exact(queries.schema.createTable('sidecar_claims').ifNotExists())
      .addColumn('id', 'char(36)', (column) => column.primaryKey())
      .addColumn('user_id', 'integer', (column) => column.notNull())
      .addColumn('node_id', 'integer', (column) => column.notNull())
      .addColumn('reference', indexedText)
      .addColumn('memory', 'bigint', (column) => column.notNull())
      .addColumn('disk', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('held_since', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('wish', 'text', (column) => column.notNull())
      .addColumn('outcome', 'varchar(16)')
      .execute();
    await createIndex(queries, 'sidecar_claims', ['outcome', 'expires_at']);
    await exact(queries.schema.createTable('sidecar_claim_ports').ifNotExists())
      .addColumn('claim_id', 'char(36)', (column) => column.notNull())
      .addColumn('allocation_id', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('sidecar_claim_ports_primary', ['claim_id', 'allocation_id'])
      .execute();
    await exact(queries.schema.createTable('sidecar_holds').ifNotExists())
      .addColumn('allocation_id', 'integer', (column) => column.primaryKey())
      .addColumn('claim_id', 'char(36)', (column) => column.notNull())
      .addColumn('node_id', 'integer', (column) => column.notNull())
      .addColumn('user_id', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await createIndex(queries, 'sidecar_holds', ['node_id', 'expires_at']);
    await createIndex(queries, 'sidecar_holds', ['user_id', 'expires_at']);
  },
  async down(queries) {
    for (const table of ['sidecar_holds', 'sidecar_claim_ports', 'sidecar_claims']) {
      await queries.schema.dropTable(table).ifExists().execute();
    }
  },
};

/** MySQL has no way to say "unless it is there". */
async function createIndex(
  queries: Kysely<unknown>,
  table: string,
  columns: readonly string[],
): Promise<void> {
  try {
    await queries.schema
      .createIndex(`${table}_${columns.join('_')}_index`)
      .on(table)
      .columns([...columns])
      .execute();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const isThere =
      code === 'ER_DUP_KEYNAME' || code === '42P07' || String(message).includes('already exists');
    if (!isThere) throw error;
  }
}

/** Every step, in order. */
export const migrations: readonly Migration[] = [keysAndOutbox, claims];
