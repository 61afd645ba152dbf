import { describe, expect, it } from 'vitest';
import { adminSession } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { accountKeysOf } from '../support/seed.ts';
import { keysOf, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  it('a user whose row is held too long is 503, and the next request succeeds', async () => {
    const sidecar = await startSidecar(cell, { env: { SIDECAR_DATABASE_TIMEOUT_MS: '1000' } });
    const { panel, seed, send } = sidecar;
    try {
      const key = await seed.key(await seed.user({ admin: true }));
      const user = await seed.user();
      const create = (description: string) =>
        send({ method: 'POST', path: keysOf(user), key: key.bearer, body: { description } });
      const session = await adminSession(panel);
      await session.holdUser(user);
      const from = Date.now();
      const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(create));
      // All are told after one time-out, not one after the other.
      expect(Date.now() - from).toBeLessThan(3000);
      await session.query('rollback');
      await session.end();
      for (const answer of answers) {
        expect(refusalOf(answer)).toBe(
          '503 ServiceUnavailableHttpException: The database is not available, please try again.',
        );
        expect(answer.headers['retry-after']).toBe('1');
      }
      expect((await create('later')).status).toBe(200);
      expect((await accountKeysOf(panel, user)).map(({ memo }) => memo)).toEqual(['later']);
    } finally {
      await sidecar.close();
    }
  });
});
