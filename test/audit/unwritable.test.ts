import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf } from '../support/client.ts';
import { allowInserts, forbidInserts } from '../support/insert-right.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let key: SeededKey;
  let user: SeededUser;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    key = await sidecar.seed.key(admin);
    user = await sidecar.seed.user();
  });
  afterAll(() => sidecar.close());

  afterEach(async () => {
    await allowInserts(sidecar.panel, 'activity_logs');
    await allowInserts(sidecar.panel, 'activity_log_subjects');
  });

  const create = (description: string): Promise<Answer> =>
    sidecar.send({ method: 'POST', path: keysOf(user), key: key.bearer, body: { description } });

  function expectUnavailable(answer: Answer): void {
    expect(refusalOf(answer)).toBe(
      '503 ServiceUnavailableHttpException: The audit log is not available, so this request was not carried out.',
    );
    expect(answer.headers['retry-after']).toBe('1');
  }

  describe.each(['activity_logs', 'activity_log_subjects'])('where %s cannot be written', (table) => {
    it('no key is made', async () => {
      await forbidInserts(sidecar.panel, table);
      const before = (await activities(sidecar.panel, 'true')).length;
      const answer = await create('unrecorded');
      expectUnavailable(answer);
      expect(answer.text).not.toContain(sidecar.panel.traits.prefixes.account);
      expect(await accountKeysOf(sidecar.panel, user)).toEqual([]);
      await allowInserts(sidecar.panel, table);
      expect((await activities(sidecar.panel, 'true')).length).toBe(before);
      expect((await create('unrecorded')).status).toBe(200);
      await sidecar.panel.execute(`delete from api_keys where user_id = ${user.id}`);
    });

    it('no key is deleted', async () => {
      const kept = await sidecar.seed.key(user, { type: 1 });
      await forbidInserts(sidecar.panel, table);
      const path = `${keysOf(user)}/${kept.identifier}`;
      expectUnavailable(await sidecar.send({ method: 'DELETE', path, key: key.bearer }));
      expect((await accountKeysOf(sidecar.panel, user)).map(({ id }) => id)).toEqual([kept.id]);
      await allowInserts(sidecar.panel, table);
      expect((await sidecar.send({ method: 'DELETE', path, key: key.bearer })).status).toBe(204);
    });

    it('a refused address stays refused', async () => {
      await forbidInserts(sidecar.panel, table);
      const locked = await sidecar.seed.key(admin, { allowedIps: '["10.9.9.9"]' });
      const answer = await sidecar.send({ path: keysOf(user), key: locked.bearer });
      expect(answer.status).toBe(403);
      expect(await activities(sidecar.panel, 'api_key_id = ?', [locked.id])).toEqual([]);
    });
  });

  describe('where activity_logs cannot be written', () => {
    it('nothing is shown', async () => {
      const node = await sidecar.seed.node(1);
      await forbidInserts(sidecar.panel, 'activity_logs');
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          sidecar.send({ path: index % 2 ? freeOn(node) : keysOf(user), key: key.bearer }),
        ),
      );
      for (const answer of answers) expectUnavailable(answer);
      await allowInserts(sidecar.panel, 'activity_logs');
      expect((await sidecar.send({ path: keysOf(user), key: key.bearer })).status).toBe(200);
    });

    it('a refusal stays a refusal, and is counted', async () => {
      const powerless = await sidecar.seed.key(admin, { acl: 0 });
      await forbidInserts(sidecar.panel, 'activity_logs');
      const answer = await sidecar.send({ path: keysOf(user), key: powerless.bearer });
      expect(refusalOf(answer)).toBe('403 AccessDeniedHttpException: This action is unauthorized.');
      const { text } = await sidecar.send({ path: '/metrics' });
      expect(text).toMatch(/^panel_sidecar_background_failures_total\{task="refusal_audit"\} [1-9]/m);
      await until(() => sidecar.service.log.some((line) => line.includes('could not record a refusal')));
    });

    it('requests that record nothing are answered as ever', async () => {
      await forbidInserts(sidecar.panel, 'activity_logs');
      const unknown = await sidecar.send({ path: keysOf({ id: 4_000_000 }), key: key.bearer });
      expect(unknown.status).toBe(404);
      expect((await sidecar.send({ path: keysOf(user) })).status).toBe(401);
      const invalid = await sidecar.send({ method: 'POST', path: keysOf(user), key: key.bearer, body: {} });
      expect(invalid.status).toBe(422);
    });
  });

  it('a view needs no subjects, so it is shown where only those cannot be written', async () => {
    await forbidInserts(sidecar.panel, 'activity_log_subjects');
    expect((await sidecar.send({ path: keysOf(user), key: key.bearer })).status).toBe(200);
  });
});
