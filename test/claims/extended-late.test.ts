import { describe, expect, test } from 'vitest';
import { adminSession, requestsThatWait } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { claimOf, startPortPanel } from '../support/port-panel.ts';
import { until } from '../support/sidecar.ts';
import { claimingAs, databaseNowSql, moveClaim, portsFrom } from './claiming.ts';

/** Where a file is the database, whoever writes has it alone. */
const servers = cells.filter(({ on }) => on !== 'sqlite');

describe.each(servers)('%s', (cell) => {
  test('what a claim holds is promised to nobody else while it is extended in its last moment', async () => {
    const started = await startPortPanel(cell);
    try {
      const { seed, panel } = started;
      const claiming = claimingAs(started);
      const node = await seed.node({ memory: 1000 });
      await seed.ports(node, portsFrom(5000, 2));
      const wish = { node_ids: [node], count: 1, memory: 600 };
      const { id } = await claiming.claim(wish);
      // Whoever has written everything else waits here, with nothing committed.
      const session = await adminSession(panel);
      await session.query(
        panel.dialect === 'postgres'
          ? 'begin; lock table activity_logs in exclusive mode'
          : 'lock tables activity_logs write',
      );
      await moveClaim(started, id, { endsIn: 1500 });
      const extension = claiming.extend(id, { ttl_seconds: 60 });
      await until(async () => (await requestsThatWait(panel)) >= 1);
      await until(async () => {
        const now = databaseNowSql(panel);
        const ended = await panel.query(`select 1 from sidecar_claims where id = ? and expires_at < ${now}`, [
          id,
        ]);
        return ended.length > 0;
      });
      const other = claimingAs(started, await seed.key(await seed.admin())).tryClaim(wish);
      await until(async () => (await requestsThatWait(panel)) >= 2);
      // Ends what the session holds.
      await session.end();
      expect(claimOf(await extension).status).toBe('held');
      expect(refusalOf(await other)).toMatch(/^409 no_free_allocation/);
    } finally {
      await started.close();
    }
  });
});
