import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { afterEachRow } from '../support/after-each-row.ts';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf, refusalOf, send } from '../support/client.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, type Sidecar, startSidecar, unlimited } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let second: RunningService;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    second = await startService(sidecar.panel.folder, { env: unlimited });
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(async () => {
    await second.stop();
    await sidecar.close();
  });

  /** Requests go to the two processes in turn. */
  function serviceFor(index: number): string {
    return index % 2 === 0 ? sidecar.service.url : second.url;
  }

  function create(user: SeededUser, description: string, index: number): Promise<Answer> {
    const request = { method: 'POST', path: keysOf(user), key: key.bearer, body: { description } };
    return send(serviceFor(index), request);
  }

  function remove(user: SeededUser, identifier: string, index: number): Promise<Answer> {
    const path = `${keysOf(user)}/${identifier}`;
    return send(serviceFor(index), { method: 'DELETE', path, key: key.bearer });
  }

  const times = <Result>(count: number, work: (index: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)));

  const identifierOf = (answer: Answer) =>
    (answer.json as { attributes: { identifier: string } }).attributes.identifier;

  /** Identifiers in the audit's rows about a user, by event, sorted. */
  async function recorded(user: SeededUser, event: string): Promise<string[]> {
    const rows = await activities(
      sidecar.panel,
      `event = ? and id in
       (select activity_log_id from activity_log_subjects where subject_type = 'user' and subject_id = ?)`,
      [event, user.id],
    );
    return rows.map(({ properties }) => (properties as { identifier: string }).identifier).sort();
  }

  const stored = async (user: SeededUser) =>
    (await accountKeysOf(sidecar.panel, user)).map(({ identifier }) => String(identifier)).sort();

  it('200 creates at once for one user make exactly the limit', async () => {
    const user = await sidecar.seed.user();
    const answers = await times(200, (index) => create(user, `key ${index}`, index));
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(5);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(refusalOf(answer)).toBe('400 DisplayException: This user has reached the limit of 5 API keys.');
    }
    const identifiers = made.map(identifierOf).sort();
    expect(await stored(user)).toEqual(identifiers);
    expect(await recorded(user, 'user:api-key.create')).toEqual(identifiers);
    for (const answer of made) {
      const { meta } = answer.json as { meta: { secret_token: string } };
      const own = { path: keysOf(user), key: identifierOf(answer) + meta.secret_token };
      expect((await sidecar.send(own)).status).toBe(200);
    }
  });

  it('200 creates at once of one description make one key', async () => {
    const user = await sidecar.seed.user();
    const spellings = ['Billing', ' billing', 'BILLING ', 'bIlLiNg'];
    const answers = await times(200, (index) => create(user, spellings[index % 4] ?? '', index));
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(errorsOf(answer).map(({ meta }) => meta)).toEqual([
        { source_field: 'description', rule: 'unique' },
      ]);
    }
    expect(await stored(user)).toEqual(made.map(identifierOf));
    expect(await recorded(user, 'user:api-key.create')).toEqual(made.map(identifierOf));
  });

  it('20 deletions at once of one key delete it once', async () => {
    const user = await sidecar.seed.user();
    const doomed = await sidecar.seed.key(user, { type: 1 });
    const answers = await times(20, (index) => remove(user, doomed.identifier, index));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(19);
    expect(await stored(user)).toEqual([]);
    expect(await recorded(user, 'user:api-key.delete')).toEqual([doomed.identifier]);
  });

  it('creates and deletions mixed never pass the limit, and the audit tells exactly what happened', async () => {
    const { seed, panel } = sidecar;
    const users = [await seed.user(), await seed.user(), await seed.user()];
    await panel.execute('create table most_keys (user_id int, amount int)');
    const stop = await afterEachRow(
      panel,
      'insert',
      `insert into most_keys
         select new.user_id, count(*) from api_keys where user_id = new.user_id and key_type = 1`,
    );
    const statuses = await times(60, async (index) => {
      const user = users[index % 3] as SeededUser;
      const made = await create(user, `mixed ${index}`, index);
      if (made.status !== 200) return [made.status];
      const views = await times(2, (next) => send(serviceFor(next), { path: keysOf(user), key: key.bearer }));
      const removed = await times(2, (next) => remove(user, identifierOf(made), index + next));
      return [
        made.status,
        ...views.map(({ status }) => status),
        ...removed.map(({ status }) => status).sort(),
      ];
    });
    for (const row of statuses) expect([[400], [200, 200, 200, 204, 404]]).toContainEqual(row);
    for (const user of users) {
      expect(await stored(user)).toEqual([]);
      const created = await recorded(user, 'user:api-key.create');
      expect(created.length).toBeGreaterThanOrEqual(5);
      expect(await recorded(user, 'user:api-key.delete')).toEqual(created);
    }
    const [most] = await panel.query('select max(amount) as amount from most_keys');
    // How near it comes depends on how many deletions get between the creates.
    expect(Number(most?.amount)).toBeGreaterThanOrEqual(1);
    expect(Number(most?.amount)).toBeLessThanOrEqual(5);
    await stop();
  });

  it('creates for many users at once do not wait for each other’s limit', async () => {
    const users: SeededUser[] = [];
    for (let count = 0; count < 60; count += 1) users.push(await sidecar.seed.user());
    const answers = await Promise.all(users.map((user, index) => create(user, 'first', index)));
    expect(answers.map(({ status }) => status)).toEqual(users.map(() => 200));
  });

  it('no log line of either process tells of an error', () => {
    const lines = [...sidecar.service.log, ...second.log].map(
      (line) => JSON.parse(line) as { level: number },
    );
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
  });
});
