import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf, refusalOf, send } from '../support/client.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { keysOf, type Sidecar, startSidecar, unlimited } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(() => sidecar.close());

  async function create(user: SeededUser, body: unknown, url = sidecar.service.url) {
    return send(url, { method: 'POST', path: keysOf(user), key: key.bearer, body });
  }

  const reached = (limit: number) =>
    `400 DisplayException: This user has reached the limit of ${limit} API keys.`;

  it('is 5, counts the keys made in the panel and expired ones, but no application keys', async () => {
    const { panel, seed } = sidecar;
    const user = await seed.user();
    await seed.key(user, { type: 1, memo: 'made in the panel' });
    await seed.key(user, { type: 1, memo: 'long gone', expiresAt: '2020-01-01 00:00:00' });
    for (const type of [0, 2, 3, 4]) await seed.key(user, { type });
    for (const description of ['third', 'fourth', 'fifth']) {
      expect((await create(user, { description })).status).toBe(200);
    }
    expect(refusalOf(await create(user, { description: 'sixth' }))).toBe(reached(5));
    expect(await accountKeysOf(panel, user)).toHaveLength(5);
    const made = await activities(panel, "event = 'user:api-key.create' and api_key_id = ?", [key.id]);
    expect(made).toHaveLength(3);
  });

  it('a deleted key makes room', async () => {
    const { seed } = sidecar;
    const user = await seed.user();
    const keys: SeededKey[] = [];
    for (const memo of ['a', 'b', 'c', 'd', 'e']) keys.push(await seed.key(user, { type: 1, memo }));
    expect((await create(user, { description: 'f' })).status).toBe(400);
    const path = `${keysOf(user)}/${keys[0]?.identifier}`;
    expect((await sidecar.send({ method: 'DELETE', path, key: key.bearer })).status).toBe(204);
    expect((await create(user, { description: 'f' })).status).toBe(200);
  });

  it('rules come before uniqueness, uniqueness before the limit', async () => {
    const { seed } = sidecar;
    const user = await seed.user();
    for (const memo of ['a', 'b', 'c', 'd', 'e']) await seed.key(user, { type: 1, memo });
    const rules = async (body: unknown) => errorsOf(await create(user, body)).map(({ meta }) => meta?.rule);
    expect(await rules({ description: 'A', allowed_ips: ['nope', 5] })).toEqual(['string', '']);
    expect(await rules({ description: 'A' })).toEqual(['unique']);
    expect(refusalOf(await create(user, { description: 'new' }))).toBe(reached(5));
  });

  it.each([
    ['0', 0],
    ['1', 1],
  ])('a limit of %s lets a user have as many', async (limit, count) => {
    const { panel, seed } = sidecar;
    const env = { ...unlimited, CLIENT_API_MAX_KEYS_PER_USER: limit };
    const service = await startService(panel.folder, { env });
    try {
      const user = await seed.user();
      for (let made = 0; made < count; made += 1) {
        expect((await create(user, { description: `key ${made}` }, service.url)).status).toBe(200);
      }
      expect(refusalOf(await create(user, { description: 'more' }, service.url))).toBe(reached(count));
    } finally {
      await service.stop();
    }
  });
});
