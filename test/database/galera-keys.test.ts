import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCells } from '../support/cells.ts';
import { type Answer, errorsOf, refusalOf } from '../support/client.ts';
import { GaleraCluster } from '../support/galera-cluster.ts';
import { accountKeysOf, activities, type SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';
import { startTwoWriters, type TwoWriters } from './two-writers.ts';

let cluster: GaleraCluster;
beforeAll(async () => {
  cluster = await GaleraCluster.start();
});
afterAll(() => cluster?.stop());

const onMariadb = allCells.filter(({ on }) => on === 'mariadb');
const withAndWithout = onMariadb.flatMap((cell) => [
  [`${cell}, without the own tables`, cell, false] as const,
  [`${cell}, with the own tables`, cell, true] as const,
]);

describe.each(withAndWithout)('two services with a Galera node each, %s', (_title, cell, ownTables) => {
  let writers: TwoWriters;
  beforeAll(async () => {
    writers = await startTwoWriters(cell, cluster, {
      ownTables,
      env: { CLIENT_API_MAX_KEYS_PER_USER: '20' },
    });
  });
  afterAll(() => writers?.close());

  const create = (user: SeededUser, description: string, index: number): Promise<Answer> =>
    writers.send(index, { method: 'POST', path: keysOf(user), body: { description } });

  const times = <Result>(count: number, work: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)));

  const identifierOf = (answer: Answer) =>
    (answer.json as { attributes: { identifier: string } }).attributes.identifier;

  const stored = async (user: SeededUser) =>
    (await accountKeysOf(writers.panel, user)).map(({ identifier }) => String(identifier)).sort();

  /** Identifiers in the audit's rows about a user, by event, sorted. */
  async function recorded(user: SeededUser, event: string): Promise<string[]> {
    const rows = await activities(
      writers.panel,
      `event = ? and id in
       (select activity_log_id from activity_log_subjects where subject_type = 'user' and subject_id = ?)`,
      [event, user.id],
    );
    return rows.map(({ properties }) => (properties as { identifier: string }).identifier).sort();
  }

  it('200 creates at once for one user make exactly the limit', async () => {
    for (let round = 0; round < 3; round += 1) {
      const user = await writers.seed.user();
      await writers.settled();
      const answers = await times(200, (index) => create(user, `key ${index}`, index));
      const made = answers.filter(({ status }) => status === 200);
      const refusals = answers.filter(({ status }) => status !== 200).map(refusalOf);
      expect([...new Set(refusals)]).toEqual([
        '400 DisplayException: This user has reached the limit of 20 API keys.',
      ]);
      expect(made).toHaveLength(20);
      const identifiers = made.map(identifierOf).sort();
      await writers.settled();
      expect(await stored(user)).toEqual(identifiers);
      expect(await recorded(user, 'user:api-key.create')).toEqual(identifiers);
    }
  });

  it('200 creates at once of one description make one key', async () => {
    const user = await writers.seed.user();
    await writers.settled();
    const answers = await times(200, (index) => create(user, 'billing', index));
    const made = answers.filter(({ status }) => status === 200);
    const refusals = answers.filter(({ status }) => status !== 200).flatMap(errorsOf);
    expect([...new Set(refusals.map(({ status, meta }) => `${status} ${meta?.rule}`))]).toEqual([
      '422 unique',
    ]);
    expect(made).toHaveLength(1);
    await writers.settled();
    expect(await stored(user)).toEqual(made.map(identifierOf));
    expect(await recorded(user, 'user:api-key.create')).toEqual(made.map(identifierOf));
  });

  it('20 deletions at once of one key delete it once', async () => {
    const user = await writers.seed.user();
    const doomed = await writers.seed.key(user, { type: 1 });
    await writers.settled();
    const path = `${keysOf(user)}/${doomed.identifier}`;
    const answers = await times(20, (index) => writers.send(index, { method: 'DELETE', path }));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(19).fill(404)]);
    await writers.settled();
    expect(await recorded(user, 'user:api-key.delete')).toEqual([doomed.identifier]);
  });

  it('creates for many users at once are all made', async () => {
    const users: SeededUser[] = [];
    for (let count = 0; count < 60; count += 1) users.push(await writers.seed.user());
    await writers.settled();
    const answers = await times(240, async (index) => {
      const user = users[index % 60];
      return user && create(user, `key ${index}`, Math.floor(index / 60));
    });
    expect(answers.map((answer) => answer?.status)).toEqual(Array(240).fill(200));
  });

  it('lists with one key through both nodes are all answered and recorded', async () => {
    const user = await writers.seed.user();
    await writers.settled();
    const answers = await times(200, (index) => writers.send(index, { path: keysOf(user) }));
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    await writers.settled();
    const views = await activities(writers.panel, "event = 'user:api-key.view'");
    const ofUser = views.filter(({ properties }) => (properties as { user_id: number }).user_id === user.id);
    expect(ofUser).toHaveLength(200);
  });

  if (ownTables) {
    it('creates at once with one Idempotency-Key make one key, and tell it to all', async () => {
      const user = await writers.seed.user();
      await writers.settled();
      const request = { method: 'POST', path: keysOf(user), body: { description: 'once' } };
      const headers = { 'idempotency-key': `order ${user.id}` };
      const answers = await times(40, (index) => writers.send(index, { ...request, headers }));
      expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      await writers.settled();
      const [answer] = answers;
      expect(await stored(user)).toEqual(answer && [identifierOf(answer)]);
    });
  }

  it('no log line of either service tells of a conflict', () => {
    expect(writers.troubles()).toEqual([]);
  });
});
