import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Life, lifeCells, listedKeys, startLife } from '../support/life.ts';

// Pterodactyl lets no key be without an owner.
describe.each(lifeCells.filter(({ panel }) => panel === 'pelican'))('a key without an owner, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell);
  });
  afterAll(() => life?.close());

  it('is not found among the keys of all users', async () => {
    const { seed, panel } = life;
    const owned = await seed.key(await seed.user(), { type: 1 });
    const ownerless = await seed.key(await seed.user(), { type: 1 });
    await panel.execute('update api_keys set user_id = null where id = ?', [ownerless.id]);
    for (const query of ['', '?filter[owner_is_admin]=false', '?filter[never_used]=true']) {
      const found = listedKeys(await life.ask({ path: `/api/application/api-keys${query}` }));
      expect(found.map(({ identifier }) => identifier)).toEqual([owned.identifier]);
    }
  });
});
