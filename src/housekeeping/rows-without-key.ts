import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** Rows looked at with one run. */
const batchSize = 200;
/**
 * How long a key must be missing, in milliseconds. While a backup is put back, the panel's table is empty for a
 * time: a key that came back to find its own row gone would have lost its scopes.
 */
const missingFor = 60 * 60 * 1000;

interface OwnRow {
  readonly api_key_id: number;
  readonly identifier: string;
}

/** Clears what the own tables say of keys that the panel has deleted, a few rows with each run. */
export class RowsWithoutKey {
  readonly #database: Database;
  #lookedUpTo = 0;
  /** When each row was first seen without its key, in Unix milliseconds. */
  readonly #missingSince = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Looks at the next rows, from the first again after the last. @param now Unix milliseconds */
  async clear(now: number): Promise<void> {
    const rows = await this.#next();
    this.#lookedUpTo = rows.length < batchSize ? 0 : (rows.at(-1)?.api_key_id ?? 0);
    const overdue = rows.filter((row) => this.#isOverdue(row, row.key_id === null, now));
    if (overdue.length === 0) return;
    await this.#delete(overdue);
    for (const row of overdue) this.#missingSince.delete(nameOf(row));
  }

  #next() {
    return this.#database.queries
      .selectFrom('sidecar_keys as o')
      .leftJoin('api_keys as k', (join) =>
        join.onRef('k.id', '=', 'o.api_key_id').onRef('k.identifier', '=', 'o.identifier'),
      )
      .select(['o.api_key_id', 'o.identifier', 'k.id as key_id'])
      .where('o.api_key_id', '>', this.#lookedUpTo)
      .orderBy('o.api_key_id')
      .limit(sql.lit(batchSize))
      .execute();
  }

  #isOverdue(row: OwnRow, isMissing: boolean, now: number): boolean {
    const name = nameOf(row);
    if (!isMissing) {
      this.#missingSince.delete(name);
      return false;
    }
    const since = this.#missingSince.get(name) ?? now;
    this.#missingSince.set(name, since);
    return now - since >= missingFor;
  }

  /** By both names: meanwhile the row may have become another key's. */
  async #delete(rows: readonly OwnRow[]): Promise<void> {
    await this.#database.queries
      .deleteFrom('sidecar_keys')
      .where((build) =>
        build.or(rows.map(({ api_key_id, identifier }) => build.and({ api_key_id, identifier }))),
      )
      .execute();
  }
}

function nameOf({ api_key_id, identifier }: OwnRow): string {
  return `${api_key_id} ${identifier}`;
}
