import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envValueOf } from '../support/admin-session.ts';
import { isMysqlLike } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { keyOf, type Life, lifeCells, madeKey, startLife } from '../support/life.ts';
import { activities, type SeededUser } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';

const workers = 12;

describe.each(lifeCells)('a service that is killed in the middle of its work, %s', (cell) => {
  let life: Life;
  const users: SeededUser[] = [];
  const seeded = new Set<string>();
  beforeAll(async () => {
    life = await startLife(cell, { CLIENT_API_MAX_KEYS_PER_USER: '1000' });
    for (let index = 0; index < 4; index += 1) {
      const user = await life.seed.user();
      users.push(user);
      seeded.add((await life.seed.key(user, { type: 1 })).identifier);
    }
  });
  afterAll(() => life.close());

  let count = 0;
  /** Keys whose creation was answered, and those whose end was. */
  const made = new Set<string>();
  const ended = new Set<string>();

  /** Makes, rotates and deletes keys of a user until the service is gone. */
  async function work(url: string, user: SeededUser): Promise<void> {
    const ask = (method: string, path: string, body?: object, headers = {}) =>
      send(url, { method, path, key: life.key.bearer, headers, ...(body === undefined ? {} : { body }) });
    try {
      for (;;) {
        count += 1;
        const body = { description: `key ${count}`, reference: `order ${count}`, expires_in: 3600 };
        const key = madeKey(await ask('POST', keysOf(user), body, { 'idempotency-key': `key ${count}` }));
        made.add(key.identifier);
        const grace_seconds = count % 2 === 0 ? 0 : 600;
        const next = madeKey(await ask('POST', `${keyOf(user, key)}/rotate`, { grace_seconds }));
        made.add(next.identifier);
        if (grace_seconds === 0) ended.add(key.identifier);
        if (count % 3 !== 0) continue;
        if ((await ask('DELETE', keyOf(user, next))).status === 204) ended.add(next.identifier);
      }
    } catch (error) {
      // The connection broke: that is the end that was waited for. Anything else is a failure.
      if (!['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes((error as { code?: string }).code ?? ''))
        throw error;
    }
  }

  /** A killed client's transactions are rolled back once the server has noticed. */
  async function settled(): Promise<void> {
    if (!isMysqlLike(cell)) return;
    const user = envValueOf(life.panel, 'DB_USERNAME');
    await until(async () => {
      const rows = await life.panel.query('select id from information_schema.processlist where user = ?', [
        user,
      ]);
      return rows.length === 0;
    });
  }

  async function check(): Promise<void> {
    const keys = await life.panel.query('select id, identifier from api_keys where key_type = 1');
    const there = new Set(keys.map(({ identifier }) => String(identifier)));
    const idOf = new Map(keys.map(({ id, identifier }) => [String(identifier), Number(id)]));
    const recorded = await activities(life.panel, "event like 'user:api-key.%e'");
    const named = (event: string) =>
      recorded
        .filter((row) => row.event === event)
        .map((row) => ({ ...row, ...(row.properties as { identifier: string; rotated_from?: string }) }));
    const created = named('user:api-key.create');
    const deleted = new Set(named('user:api-key.delete').map(({ identifier }) => identifier));
    const createdNames = created.map(({ identifier }) => identifier);

    expect(new Set(createdNames).size).toBe(createdNames.length);
    expect([...there].filter((name) => !seeded.has(name) && !createdNames.includes(name))).toEqual([]);
    expect(createdNames.filter((name) => there.has(name) === deleted.has(name))).toEqual([]);
    expect(created.filter(({ subjects }) => subjects.length !== 2)).toEqual([]);
    expect([...made].filter((name) => !createdNames.includes(name))).toEqual([]);
    expect([...ended].filter((name) => there.has(name))).toEqual([]);

    const own = await life.panel.query('select * from sidecar_keys');
    expect(own.filter(({ api_key_id, identifier }) => idOf.get(String(identifier)) !== api_key_id)).toEqual(
      [],
    );
    const owned = new Set(own.map(({ identifier }) => String(identifier)));
    expect([...there].filter((name) => !seeded.has(name) && !owned.has(name))).toEqual([]);
    // A successor and the key that it replaces tell the same story, or the latter is gone.
    for (const { identifier, rotated_from: from } of own) {
      if (from === null || !there.has(String(from))) continue;
      expect(own.find((row) => row.identifier === from)?.rotated_to).toBe(identifier);
    }
    const answers = await life.panel.query('select answer, resource from sidecar_idempotency');
    expect(answers.filter(({ answer }) => answer === null)).toEqual([]);
    expect(answers.filter(({ resource }) => !createdNames.includes(String(resource)))).toEqual([]);
  }

  it('leaves every key with its rows, and no row without its key', async () => {
    for (let round = 0; round < 3; round += 1) {
      const service: RunningService =
        round === 0 ? life.service : await life.start({ CLIENT_API_MAX_KEYS_PER_USER: '1000' });
      const before = made.size;
      const working = Promise.all(
        Array.from({ length: workers }, (_, index) =>
          work(service.url, users[index % users.length] as SeededUser),
        ),
      );
      await until(() => made.size >= before + 20 + 7 * round);
      service.process.kill('SIGKILL');
      if (service.process.signalCode === null) await once(service.process, 'exit');
      await working;
      await settled();
      await check();
    }
    expect(made.size).toBeGreaterThan(60);
    expect(ended.size).toBeGreaterThan(0);
  });
});
