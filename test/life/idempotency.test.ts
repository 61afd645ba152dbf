import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, errorsOf, refusalOf, type Sent, send, sendBytes } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  madeKey,
  makeKey,
  recordedOf,
  startLife,
  works,
} from '../support/life.ts';
import { accountKeysOf, type SeededUser } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf } from '../support/sidecar.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe.each(lifeCells)('repeated requests, %s', (cell) => {
  let life: Life;
  /** Where the database takes several processes at once, the second of them. */
  let services: readonly RunningService[];
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    services = cell.on === 'sqlite' ? [life.service] : [life.service, await life.start(enforcing)];
  });
  afterAll(() => life.close());

  let count = 0;
  const newName = () => {
    count += 1;
    return `test-${count}`;
  };

  const creation = (user: SeededUser, name: string, body: unknown = { description: 'once' }): Sent => ({
    ...{ method: 'POST', path: keysOf(user), key: life.key.bearer, body },
    headers: { 'idempotency-key': name },
  });
  const create = (user: SeededUser, name: string, body?: unknown) => life.ask(creation(user, name, body));

  const isReplay = ({ headers }: Answer) => headers['idempotent-replayed'];
  const stored = () => life.panel.query('select * from sidecar_idempotency order by id');

  it('get the first answer, byte for byte, and make nothing', async () => {
    const user = await life.seed.user();
    const name = newName();
    const body = { description: 'once', allowed_ips: { a: '::1' }, reference: 'ünï', expires_in: 3600 };
    const first = await create(user, name, body);
    const made = madeKey(first);
    expect(isReplay(first)).toBeUndefined();
    for (let repeat = 0; repeat < 3; repeat += 1) {
      const again = await create(user, name, body);
      expect([again.status, again.text, isReplay(again)]).toEqual([200, first.text, 'true']);
      expect(again.headers['content-type']).toBe('application/json');
    }
    expect(await accountKeysOf(life.panel, user)).toHaveLength(1);
    expect(await recordedOf(life.panel, 'user:api-key.create', made)).toHaveLength(1);
  });

  it('answer with a secret that works', async () => {
    const user = await life.seed.user();
    const name = newName();
    await create(user, name, { description: 'x', permissions: null });
    const replayed = madeKey(await create(user, name, { description: 'x', permissions: null }));
    expect(await works(life, user, replayed)).toBe(true);
  });

  it('fifty at once make one key', async () => {
    const user = await life.seed.user();
    const name = newName();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        send(services[index % services.length]?.url ?? '', creation(user, name)),
      ),
    );
    expect([...new Set(answers.map(({ status, text }) => `${status} ${text}`))]).toHaveLength(1);
    expect(answers.filter((answer) => isReplay(answer) === undefined)).toHaveLength(1);
    expect(await accountKeysOf(life.panel, user)).toHaveLength(1);
  });

  it('fifty at once for as many users do not stand in each other’s way', async () => {
    const users: SeededUser[] = [];
    for (let index = 0; index < 50; index += 1) users.push(await life.seed.user());
    const body = { description: 'each', permissions: ['user.read'], reference: 'many' };
    const answers = await Promise.all(
      users.map((user, index) =>
        send(services[index % services.length]?.url ?? '', creation(user, newName(), body)),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const [row] = await life.panel.query("select count(*) as n from sidecar_keys where reference = 'many'");
    expect(Number(row?.n)).toBe(50);
    const log = services.flatMap((service) => service.log).filter((line) => /"level":[45]0/.test(line));
    expect(log).toEqual([]);
  });

  it('may ask for other attributes, and name what is in the body in another order', async () => {
    const user = await life.seed.user();
    const name = newName();
    const first = await create(user, name, {
      ...{ description: 'once', reference: 'r', allowed_ips: { a: '::1', b: '10.0.0.1' } },
    });
    madeKey(first);
    const same = creation(user, name, {
      ...{ allowed_ips: { b: '10.0.0.1', a: ' ::1 ' }, reference: 'r', description: 'once' },
    });
    for (const query of ['', '?fields=user_id']) {
      const again = await life.ask({ ...same, path: `${same.path}${query}` });
      expect([again.status, again.text, isReplay(again)]).toEqual([200, first.text, 'true']);
    }
    const other = creation(user, name, {
      ...{ allowed_ips: { a: '10.0.0.1', b: '::1' }, reference: 'r', description: 'once' },
    });
    expect((await life.ask(other)).status).toBe(422);
    expect(await accountKeysOf(life.panel, user)).toHaveLength(1);
  });

  it('with another body are 422', async () => {
    const user = await life.seed.user();
    const name = newName();
    const first = madeKey(await create(user, name, { description: 'one' }));
    for (const body of [{ description: 'two' }, { description: 'one', allowed_ips: ['::1'] }]) {
      expect(errorsOf(await create(user, name, body))).toEqual([
        {
          ...{ code: 'ValidationException', status: '422' },
          detail: 'This Idempotency-Key was used with another request body.',
          meta: { source_field: 'Idempotency-Key', rule: 'reused' },
        },
      ]);
    }
    expect((await accountKeysOf(life.panel, user)).map(({ identifier }) => identifier)).toEqual([
      first.identifier,
    ]);
  });

  it('with a body that means the same are the same', async () => {
    const user = await life.seed.user();
    const name = newName();
    const first = await create(user, name, { description: 'same' });
    const again = await create(user, name, { description: '  same ' });
    expect([again.text, isReplay(again)]).toEqual([first.text, 'true']);
  });

  it('of another credential, user or key are others', async () => {
    const user = await life.seed.user();
    const name = newName();
    madeKey(await create(user, name, { description: '1' }));
    const other = await life.seed.key(life.admin);
    const sent = creation(user, name, { description: '2' });
    const byOther = await life.ask({ ...sent, key: other.bearer });
    expect([byOther.status, isReplay(byOther)]).toEqual([200, undefined]);
    expect(madeKey(await create(await life.seed.user(), name, { description: '1' }))).toBeDefined();
    expect(await accountKeysOf(life.panel, user)).toHaveLength(2);
  });

  it('whose key is gone are 409, and make no other', async () => {
    const user = await life.seed.user();
    const name = newName();
    const made = madeKey(await create(user, name));
    await life.ask({ method: 'DELETE', path: keyOf(user, made) });
    for (let repeat = 0; repeat < 2; repeat += 1) {
      expect(refusalOf(await create(user, name))).toBe(
        '409 ConflictHttpException: What the first request with this Idempotency-Key made is gone.',
      );
    }
    expect(await accountKeysOf(life.panel, user)).toEqual([]);
  });

  it('pass authorisation again', async () => {
    const user = await life.seed.user();
    const credential = await life.seed.key(life.admin, { acl: { users: 2 } });
    const sent = { ...creation(user, newName()), key: credential.bearer };
    madeKey(await life.ask(sent));
    const column = cell.panel === 'pterodactyl' ? 'r_users = 1' : "permissions = '{}'";
    await life.panel.execute(`update api_keys set ${column} where id = ?`, [credential.id]);
    expect((await life.ask(sent)).status).toBe(403);
    await life.panel.execute('delete from api_keys where id = ?', [credential.id]);
    expect((await life.ask(sent)).status).toBe(401);
  });

  it('only what succeeded is kept', async () => {
    const user = await life.seed.user();
    const name = newName();
    const before = (await stored()).length;
    expect((await create(user, name, { description: '' })).status).toBe(422);
    expect((await create(user, name, { description: 'x', expires_at: '2020-01-01' })).status).toBe(422);
    for (const description of ['1', '2', '3', '4', '5']) await makeKey(life, user, { description });
    expect((await create(user, name, { description: '1' })).status).toBe(422);
    expect((await create(user, name, { description: '6' })).status).toBe(400);
    expect(await stored()).toHaveLength(before);
    const [first] = await accountKeysOf(life.panel, user);
    await life.ask({ method: 'DELETE', path: keyOf(user, { identifier: String(first?.identifier) }) });
    expect(madeKey(await create(user, name, { description: '6' })).attributes.description).toBe('6');
    expect(isReplay(await create(user, name, { description: '6' }))).toBe('true');
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['with a tab', 'a\tb'],
    ['not ASCII', 'caf\u00e9'],
  ])('a key that is %s is 400', async (_, name) => {
    const user = await life.seed.user();
    const body = '{"description":"x"}';
    const answer = await sendBytes(
      life.service.url,
      [
        `POST ${keysOf(user)} HTTP/1.1`,
        ...['Host: x', `Authorization: Bearer ${life.key.bearer}`, `Idempotency-Key: ${name}`],
        ...[
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
          'Connection: close',
          '',
          body,
        ],
      ].join('\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(
      '"code":"BadRequestHttpException","status":"400","detail":"The Idempotency-Key header must be 1 to 255 printable ASCII characters."',
    );
    expect(await accountKeysOf(life.panel, user)).toEqual([]);
  });

  it.each(['x', '~ !"#', 'x'.repeat(255)])('a key may be %s', async (name) => {
    const user = await life.seed.user();
    madeKey(await create(user, name));
    expect(isReplay(await create(user, name))).toBe('true');
  });

  it('what is kept tells nobody the secret', async () => {
    const user = await life.seed.user();
    const made = madeKey(await create(user, newName()));
    const [row] = (await stored()).slice(-1);
    expect(row).toMatchObject({ resource: made.identifier, answer: expect.any(String) });
    const secret = made.bearer.slice(16);
    for (const text of [JSON.stringify(await stored()), life.service.log.join()]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 40));
    }
  });

  it('get the largest answer there is', async () => {
    const user = await life.seed.user();
    const names = Array.from({ length: 50 }, (_, index) => '😀'.repeat(62) + String(index).padStart(2, '0'));
    const allowed = Object.fromEntries(names.map((name) => [name, '::1']));
    const body = { description: '😀'.repeat(500), allowed_ips: allowed, reference: '😀'.repeat(191) };
    const name = newName();
    const first = await create(user, name, body);
    expect(madeKey(first).attributes.allowed_ips).toEqual(allowed);
    expect((await create(user, name, body)).text).toBe(first.text);
  });

  it('are forgotten after a day, and not before', async () => {
    const user = await life.seed.user();
    const name = newName();
    const body = { description: 'old' };
    const first = madeKey(await create(user, name, body));
    const age = (ms: number) =>
      life.panel.execute('update sidecar_idempotency set created_at = created_at - ? where resource = ?', [
        ...[ms, first.identifier],
      ]);
    await age(dayMs - 60_000);
    expect(isReplay(await create(user, name, body))).toBe('true');
    await age(61_000);
    const again = await create(user, name, body);
    // A new request by now: its description is taken.
    expect(errorsOf(again)).toMatchObject([{ status: '422', meta: { rule: 'unique' } }]);
    const second = madeKey(await create(user, name, { description: 'new' }));
    expect(second.identifier).not.toBe(first.identifier);
    expect(isReplay(await create(user, name, { description: 'new' }))).toBe('true');
  });

  it('of a rotation too', async () => {
    const user = await life.seed.user();
    const old = await makeKey(life, user, { description: 'x', permissions: null });
    const sent: Sent = {
      ...{ method: 'POST', path: `${keyOf(user, old)}/rotate`, body: { grace_seconds: 600 } },
      headers: { 'idempotency-key': newName() },
    };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        send(services[index % services.length]?.url ?? '', { key: life.key.bearer, ...sent }),
      ),
    );
    const [text, ...others] = new Set(answers.map((answer) => answer.text));
    expect(others).toEqual([]);
    expect(answers.filter((answer) => isReplay(answer) === undefined)).toHaveLength(1);
    expect(JSON.parse(text ?? '')).toMatchObject({ attributes: { rotated_from: old.identifier } });
    expect(await accountKeysOf(life.panel, user)).toHaveLength(2);
    expect((await life.ask({ ...sent, body: { grace_seconds: 601 } })).status).toBe(422);
    const made = madeKey(await life.ask(sent));
    await life.ask({ method: 'DELETE', path: keyOf(user, made) });
    expect((await life.ask(sent)).status).toBe(409);
  });

  it('the same name for creations and rotations does not matter', async () => {
    const user = await life.seed.user();
    const name = newName();
    const made = madeKey(await create(user, name, { description: 'x' }));
    const headers = { 'idempotency-key': name };
    const rotation = await life.ask({
      method: 'POST',
      path: `${keyOf(user, made)}/rotate`,
      headers,
      body: {},
    });
    expect(madeKey(rotation).attributes.rotated_from).toBe(made.identifier);
    expect(isReplay(rotation)).toBeUndefined();
  });
});
