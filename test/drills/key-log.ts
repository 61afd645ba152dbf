import { expect } from 'vitest';
import type { SqlExecutor } from '../support/test-database.ts';

/** What the answers have told of keys, to be compared with the database. */
export class KeyLog {
  /** Identifiers of keys whose creation was answered. */
  readonly made = new Set<string>();
  /** Identifiers of keys whose deletion was answered. */
  readonly ended = new Set<string>();

  /**
   * Holds the database against it: every key has its create row, every create row its key or a delete row, never
   * both, and no answered change is missing.
   *
   * @returns the account keys there are
   */
  async check(db: SqlExecutor): Promise<readonly { identifier: string; user: number }[]> {
    const rows = await db.query('select identifier, user_id from api_keys where key_type = 1');
    const keys = rows.map((row) => ({ identifier: String(row.identifier), user: Number(row.user_id) }));
    const there = new Set(keys.map(({ identifier }) => identifier));
    const created = await recorded(db, 'user:api-key.create');
    const deleted = await recorded(db, 'user:api-key.delete');
    const [everMade, everEnded] = [new Set(created), new Set(deleted)];
    const wrong = {
      'create rows that are there twice': created.length - everMade.size,
      'delete rows that are there twice': deleted.length - everEnded.size,
      'keys without create row': missingIn(everMade, there),
      'create rows with neither key nor delete row': missingIn(new Set([...there, ...everEnded]), everMade),
      'delete rows whose key is there': deleted.filter((name) => there.has(name)).length,
      'answered creations without row': missingIn(everMade, this.made),
      'answered deletions without row': missingIn(everEnded, this.ended),
    };
    expect(wrong).toEqual(Object.fromEntries(Object.keys(wrong).map((what) => [what, 0])));
    // A creation is about user and key, a deletion about the user alone.
    const [subjects] = await db.query('select count(*) as number from activity_log_subjects');
    expect(Number(subjects?.number)).toBe(2 * created.length + deleted.length);
    return keys;
  }
}

/** The identifiers that rows of an event name. */
async function recorded(db: SqlExecutor, event: string): Promise<readonly string[]> {
  const rows = await db.query('select properties from activity_logs where event = ?', [event]);
  return rows.map(({ properties }) => (JSON.parse(String(properties)) as { identifier: string }).identifier);
}

function missingIn(all: ReadonlySet<string>, names: ReadonlySet<string>): number {
  return [...names].filter((name) => !all.has(name)).length;
}
