import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSession } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { type Answer, type Sent, sendBytes } from '../support/client.ts';
import { allowInserts, forbidInserts } from '../support/insert-right.ts';
import { TEST_APP_KEY } from '../support/panel-database.ts';
import { sealed } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  beforeAll(async () => {
    const env = { SIDECAR_LOG_LEVEL: 'trace', APP_DEBUG: 'true', SIDECAR_DATABASE_TIMEOUT_MS: '1000' };
    sidecar = await startSidecar(cell, { env });
  });
  afterAll(() => sidecar.close());

  /** Everything that must be nowhere but in the panel and with its owner. */
  const secrets = new Set<string>();
  const answers: Answer[] = [];

  async function send(request: Sent): Promise<Answer> {
    const answer = await sidecar.send(request);
    answers.push(answer);
    return answer;
  }

  it('no log line, error or metric holds a secret, whatever happens', async () => {
    const { panel, seed, service } = sidecar;
    const admin = await seed.user({ admin: true });
    const user = await seed.user();
    const node = await seed.node(3);
    const unreadable = sealed(panel.traits, 'neverToBeShown').replace(/^.{9}/, 'AAAAAAAAA');
    const keys = {
      full: await seed.key(admin),
      none: await seed.key(admin, { acl: 0 }),
      own: await seed.key(user, { type: 1 }),
      locked: await seed.key(admin, { allowedIps: '["10.9.9.9","garbage"]' }),
      expired: await seed.key(admin, { expiresAt: '2020-01-01 00:00:00' }),
      unreadable: await seed.key(admin, { token: unreadable }),
    };
    const tokens = await panel.query('select token from api_keys');
    for (const { token } of tokens) secrets.add(String(token));
    for (const { secret, bearer } of Object.values(keys)) secrets.add(secret).add(bearer);
    const rawKey = Buffer.from(TEST_APP_KEY.slice('base64:'.length), 'base64').toString('latin1');
    secrets.add(TEST_APP_KEY).add(TEST_APP_KEY.slice('base64:'.length)).add(rawKey);
    const password = /^DB_PASSWORD=(.*)$/m.exec(panel.envText())?.[1];
    if (password !== undefined) secrets.add(password);

    // What goes well.
    const made = await sidecar.send({
      ...{ method: 'POST', path: keysOf(user), key: keys.full.bearer, body: { description: 'new' } },
    });
    const created = made.json as { attributes: { identifier: string }; meta: { secret_token: string } };
    secrets.add(created.meta.secret_token);
    const newKey = created.attributes.identifier + created.meta.secret_token;
    await send({ path: keysOf(user), key: newKey });
    await send({ path: `${freeOn(node)}?include=node`, key: keys.full.bearer });

    // What is refused, with every kind of key, and keys where they do not belong.
    for (const { bearer } of Object.values(keys)) {
      await send({ path: keysOf(user), key: bearer });
      await send({ path: keysOf(admin), key: bearer });
      await send({ method: 'POST', path: keysOf(user), key: bearer, body: { description: 5 } });
      await send({
        method: 'POST',
        path: keysOf(user),
        key: bearer,
        headers: { 'content-type': 'application/json' },
        body: `{"${bearer}`,
      });
      await send({ path: `/${bearer}?key=${bearer}`, key: bearer });
      await send({ path: `/api/application/users/${bearer}/api-keys?key=${bearer}`, key: bearer });
      await send({ path: `/api/application/users/1/%zz${bearer}`, key: bearer });
      await send({ method: 'DELETE', path: `${keysOf(user)}/${bearer}`, key: bearer });
      await send({ path: keysOf(user), key: `${bearer}x` });
      await send({
        path: keysOf(user),
        headers: { authorization: `Token ${bearer}`, cookie: bearer, referer: bearer, 'user-agent': bearer },
      });
      await sendBytes(service.url, `GET / HTTP/1.1\r\nHost: ${bearer}\r\n${bearer}\r\n\r\n`);
    }

    // What fails in the database.
    await forbidInserts(panel, 'activity_logs');
    await send({ method: 'POST', path: keysOf(user), key: keys.full.bearer, body: { description: 'lost' } });
    await send({ path: keysOf(user), key: keys.none.bearer });
    await allowInserts(panel, 'activity_logs');
    await forbidInserts(panel, 'api_keys');
    const broken = await send({
      method: 'POST',
      path: keysOf(user),
      key: keys.full.bearer,
      body: { description: 'lost' },
    });
    expect(broken.status).toBe(500);
    await allowInserts(panel, 'api_keys');
    const session = await adminSession(panel);
    await session.holdUser(user);
    await send({ method: 'POST', path: keysOf(user), key: keys.full.bearer, body: { description: 'late' } });
    await session.end();

    const metrics = await send({ path: '/metrics' });
    await send({ path: '/openapi.json' });
    expect(metrics.text).toContain('panel_sidecar_authentication_failures_total{cause="unreadable"}');
    await until(() => service.log.some((line) => line.includes('unexpected error')));
    await until(() => service.log.some((line) => line.includes('the database is not available')));
    const log = service.log.join('\n');
    const sent = answers.map(({ text, headers }) => `${text}\n${JSON.stringify(headers)}`);
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      // A path that was asked for may be told to whoever asked, and to nobody else.
      const told = sent.filter((text) => text.includes(secret) && !text.includes('could not be found.'));
      expect(told).toEqual([]);
    }
    expect(log).not.toContain(encodeURIComponent(rawKey));
    for (const { text } of answers.filter(({ status }) => status >= 400)) {
      expect(text).not.toMatch(/\bat .*\.(ts|js):\d/);
      expect(text).not.toMatch(/\b(select|insert|update|delete) .*\b(from|into|set)\b/i);
    }
  });

  it('every answer has a request id, and its log line has the same', async () => {
    for (const { headers } of answers) expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const ids = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(ids.length);
    const answer = await sidecar.send({
      path: '/nowhere',
      headers: { 'x-request-id': 'chosen-by-the-caller' },
    });
    const id = String(answer.headers['x-request-id']);
    expect(id).not.toContain('chosen');
    await until(() => sidecar.service.log.some((line) => line.includes(id)));
    const line = sidecar.service.log.find((text) => text.includes(id)) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      ...{
        level: 30,
        reqId: id,
        method: 'GET',
        route: '/nowhere',
        status: 404,
        ip: '127.0.0.1',
        msg: 'request',
      },
    });
  });

  it('every log line is one JSON object with time and level', () => {
    for (const line of sidecar.service.log) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), time: expect.any(String) });
    }
  });
});
