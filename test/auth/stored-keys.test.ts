import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { type KeyDetails, type SeededUser, sealed } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let target: SeededUser;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    target = await sidecar.seed.user();
  });
  afterAll(() => sidecar.close());

  async function listWith(details: KeyDetails) {
    const key = await sidecar.seed.key(admin, details);
    return { key, answer: await sidecar.send({ path: keysOf(target), key: key.bearer }) };
  }

  describe('expiry', () => {
    it.each([
      ['1970-01-02 00:00:00', 401],
      ['2037-12-31 23:59:59', 200],
    ])('of a key that expires %s', async (expiresAt, status) => {
      expect((await listWith({ expiresAt })).answer.status).toBe(status);
    });

    it('comes at the second that is stored, not at one before or after', async () => {
      const expiry = Math.floor(Date.now() / 1000) * 1000 + 3000;
      const expiresAt = new Date(expiry).toISOString().slice(0, 19).replace('T', ' ');
      const { key, answer } = await listWith({ expiresAt });
      expect(answer.status).toBe(200);
      let lastAccepted = 0;
      await until(async () => {
        const sentAt = Date.now();
        const { status } = await sidecar.send({ path: keysOf(target), key: key.bearer });
        if (status === 200) lastAccepted = sentAt;
        return status === 401;
      });
      expect(lastAccepted).toBeLessThanOrEqual(expiry);
      expect(Date.now()).toBeGreaterThanOrEqual(expiry);
      // Requests follow each other closely: had the key ended a second early, none would be this late.
      expect(lastAccepted).toBeGreaterThan(expiry - 900);
    });
  });

  describe('a stored token that APP_KEY does not open', () => {
    const tokens: [string, () => string][] = [
      ['made with another key', () => sealed(sidecar.panel.traits, 'x').replace(/^.{20}/, 'A'.repeat(20))],
      ['that is empty', () => ''],
      ['that is a bare secret', () => 'seededSecretInTheClear0123456789'],
      ['that is a broken payload', () => Buffer.from('{"iv":"","value":"","mac":""}').toString('base64')],
    ];

    it.each(tokens)('%s is 401, and a log line tells which key it is', async (_, token) => {
      const stored = token();
      const { key, answer } = await listWith({ token: stored });
      expect(refusalOf(answer)).toBe('401 AuthenticationException: Unauthenticated.');
      const lines = () => sidecar.service.log.filter((line) => line.includes(`"apiKeyId":${key.id},`));
      await until(() => lines().some((line) => line.includes('APP_KEY does not open')));
      for (const hidden of [key.secret, stored].filter((text) => text !== '')) {
        expect(sidecar.service.log.join('\n')).not.toContain(hidden);
      }
    });
  });

  describe('a key_type that is neither account nor application', () => {
    it.each([0, 3, 4])('%i is held to its ACL like an application key', async (type) => {
      expect((await listWith({ type, acl: { users: 1 } })).answer.status).toBe(200);
      const { key, answer } = await listWith({ type, acl: { users: 2 } });
      expect(refusalOf(answer)).toBe('403 AccessDeniedHttpException: This action is unauthorized.');
      const node = await sidecar.seed.node(1);
      expect((await sidecar.send({ path: freeOn(node), key: key.bearer })).status).toBe(403);
    });

    it.each([0, 2, 3, 4])('%i is no key for self-service', async (type) => {
      const user = await sidecar.seed.user();
      const key = await sidecar.seed.key(user, { type });
      const answer = await sidecar.send({ path: keysOf(user), key: key.bearer });
      expect(refusalOf(answer)).toBe(
        '403 AccessDeniedHttpException: This account does not have permission to access the API.',
      );
    });

    it.each([0, 2, 3, 4])('%i is not listed and cannot be deleted', async (type) => {
      const { seed, send } = sidecar;
      const user = await seed.user();
      const key = await seed.key(user, { type });
      const caller = await seed.key(admin);
      const list = await send({ path: keysOf(user), key: caller.bearer });
      expect(list.json).toEqual({ object: 'list', data: [] });
      const path = `${keysOf(user)}/${key.identifier}`;
      expect((await send({ method: 'DELETE', path, key: caller.bearer })).status).toBe(404);
    });
  });

  it('a prefix decides nothing: an account key may be called ptla_', async () => {
    const { panel, seed, send } = sidecar;
    const user = await seed.user();
    const key = await seed.key(user, { type: 2, acl: 0 });
    await panel.execute(`update api_keys set key_type = 1 where id = ${key.id}`);
    expect((await send({ path: keysOf(user), key: key.bearer })).status).toBe(200);
  });

  it('a key whose owner was deleted is 401', async () => {
    const { panel, seed, send } = sidecar;
    const owner = await seed.user({ admin: true });
    const key = await seed.key(owner);
    await panel.execute(`delete from users where id = ${owner.id}`);
    expect((await send({ path: keysOf(target), key: key.bearer })).status).toBe(401);
  });
});
