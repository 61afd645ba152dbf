import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noFields } from '../../src/api-keys/api-key.ts';
import { shellCaller } from '../../src/api-keys/caller-bounds.ts';
import { createCreateKey } from '../../src/api-keys/create-key.ts';
import { createDeleteKey } from '../../src/api-keys/delete-keys.ts';
import { ActivityLog } from '../../src/audit/activity-log.ts';
import type { Database } from '../../src/database/database.ts';
import { DatabaseUnavailableError } from '../../src/database/errors.ts';
import { openSqlite } from '../../src/database/sqlite.ts';
import { createTableStatements } from '../../src/demo/schema/ddl.ts';
import { pelicanTables } from '../../src/demo/schema/pelican.ts';
import { panelTableNames } from '../../src/panel/detect.ts';
import { Encrypter } from '../../src/panel/encrypter.ts';
import type { PanelEnv } from '../../src/panel/env/panel-env.ts';
import { pelican } from '../../src/panel/pelican/pelican.ts';
import type { Services } from '../../src/services.ts';
import { UserKeys } from '../../src/stored-keys/user-keys.ts';
import { noOutbox } from '../../src/webhooks/outbox.ts';
import { until } from '../support/sidecar.ts';

const users = [1, 2, 3, 4, 5];

describe.each(['delete', 'wal'])('on a SQLite file in journal mode %s', (mode) => {
  let folder: string;
  /** What another process would see: between two turns of the event loop nothing of this one runs. */
  let other: DatabaseSync;
  let database: Database;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-sqlite-'));
    const file = join(folder, 'database.sqlite');
    other = new DatabaseSync(file, { timeout: 0 });
    for (const statement of createTableStatements(pelicanTables, 'sqlite', '')) other.exec(statement);
    other.exec(`pragma journal_mode = ${mode}`);
    for (const id of users) {
      other.exec(`
        insert into users (id, uuid, username, email, password)
        values (${id}, 'uuid ${id}', 'user${id}', 'user${id}@panel.test', '')`);
    }
  });

  afterEach(async () => {
    await database.close();
    other.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the file as the service does, and makes what keys are made and deleted with. */
  function open(timeoutMs: number): Services {
    database = openSqlite(join(folder, 'database.sqlite'), '', { timeoutMs, poolSize: 1 }, panelTableNames);
    const panel = pelican.create({ rateLimit: {} } as PanelEnv, false);
    const settings = {
      api_key: { max_keys_per_user: 1000, unique_description: true },
      database: { timeout_ms: timeoutMs },
      scopes: { enforce: false },
    } as Services['settings'];
    return {
      ...{ database, panel, settings, hasOwnTables: false, outbox: noOutbox },
      encrypter: new Encrypter([Buffer.alloc(32, 1)]),
      activityLog: new ActivityLog(database, panel),
      userKeys: new UserKeys({ database, panel, settings, hasOwnTables: false }),
    } as unknown as Services;
  }

  /** Makes a key, as the shell does; answers with its identifier. */
  async function make(services: Services, user: number, description: string): Promise<string> {
    const create = createCreateKey(services);
    const { answer } = await create(shellCaller, user, { description }, { fields: noFields, once: null });
    return answer.attributes.identifier ?? '';
  }

  /**
   * Waits for `work`. In each turn of the event loop meanwhile it looks whether the file is free, and how many
   * changes were made since the last look.
   */
  async function looksWhile(work: Promise<unknown>): Promise<{ busy: number; mostChanges: number }> {
    const looks = { busy: 0, mostChanges: 0 };
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    work.then(end, end);
    let known = count('activity_logs');
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        other.exec('begin immediate; rollback');
      } catch {
        looks.busy += 1;
      }
      const found = count('activity_logs');
      looks.mostChanges = Math.max(looks.mostChanges, found - known);
      known = found;
    }
    await work;
    return looks;
  }

  const count = (table: string) => other.prepare(`select count(*) as n from ${table}`).get()?.n as number;

  it('the file is free after each change, however many make and delete keys', async () => {
    const services = open(10_000);
    const remove = createDeleteKey(services);
    const work = Array.from({ length: 20 }, async (_, index) => {
      const user = users[index % users.length] ?? 0;
      const identifier = await make(services, user, `key ${index}`);
      if (index % 2 === 0) await remove(shellCaller, user, identifier);
    });

    const { busy, mostChanges } = await looksWhile(Promise.all(work));
    expect(busy).toBe(0);
    // Where the machine is busy, a look may come late; without a gap between them all 30 come between two.
    expect(mostChanges).toBeLessThan(10);
    expect([count('api_keys'), count('activity_logs'), count('activity_log_subjects')]).toEqual([10, 30, 50]);
  });

  it('a change that another process keeps from being committed leaves the file, and is made later', async () => {
    const reader = new DatabaseSync(join(folder, 'database.sqlite'), { timeout: 0 });
    // In delete mode nobody can commit while somebody reads.
    reader.exec('begin; select count(*) from users');
    const services = open(10_000);
    let tries = 0;
    const encrypt = (secret: string) => {
      tries += 1;
      return services.encrypter.encrypt(secret);
    };
    const made = make({ ...services, encrypter: { encrypt } as Encrypter }, 1, 'patient');

    expect((await looksWhile(mode === 'wal' ? made : until(() => tries >= 3))).busy).toBe(0);
    expect(count('api_keys')).toBe(mode === 'wal' ? 1 : 0);
    reader.exec('commit');
    reader.close();

    expect((await looksWhile(made)).busy).toBe(0);
    expect([count('api_keys'), count('activity_logs')]).toEqual([1, 1]);
  });

  it('waits no longer than its time-out for a file that is never free', async () => {
    const timeoutMs = 1000;
    const services = open(timeoutMs);
    other.exec('begin immediate');
    const since = performance.now();
    const timed = async (work: Promise<unknown>) => {
      await expect(work).rejects.toThrow(DatabaseUnavailableError);
      return performance.now() - since;
    };

    const waiting = Promise.all([
      ...[1, 1, 2, 3].map((user) => timed(make(services, user, 'late'))),
      timed(database.queries.deleteFrom('api_keys').execute()),
    ]);
    // Who only reads does not wait behind those who wait to write.
    const rows = await database.queries.selectFrom('users').select('id').execute();
    expect(rows).toHaveLength(users.length);
    expect(performance.now() - since).toBeLessThan(timeoutMs);

    const times = await waiting;
    expect(Math.min(...times)).toBeGreaterThan(0.9 * timeoutMs);
    expect(Math.max(...times)).toBeLessThan(1.5 * timeoutMs);
    other.exec('rollback');
    await make(services, 1, 'in time');
  });
});
