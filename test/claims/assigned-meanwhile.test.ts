import { describe, expect, test } from 'vitest';
import { adminSession, waitsForEndedClaim } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { startPortPanel } from '../support/port-panel.ts';
import { until } from '../support/sidecar.ts';
import { claimingAs, idsOf, moveClaim, portsFrom } from './claiming.ts';

/** Where a file is the database, whoever writes has it alone. */
const servers = cells.filter(({ on }) => on !== 'sqlite');

describe.each(servers)('%s', (cell) => {
  test('a port that the panel gives away while a claim is being made is in no claim', async () => {
    const started = await startPortPanel(cell);
    try {
      const { seed, panel } = started;
      const claiming = claimingAs(started);
      const node = await seed.node();
      const [first, second] = await seed.ports(node, portsFrom(5000, 2));
      const { id, ports } = await claiming.claim({ node_ids: [node], count: 1, prefer: 'lowest' });
      expect(ports.map((port) => port.id)).toEqual([first]);
      // The next claim finds the ended one in its way, and waits for whoever looks at it.
      const session = await adminSession(panel);
      await moveClaim(started, id, { endsIn: -1000 });
      await session.query('begin');
      await session.query(`update sidecar_claims set reference = 'held' where id = '${id}'`);
      const answer = claiming.tryClaim({ node_ids: [node], count: 2 });
      await until(() => waitsForEndedClaim(panel));
      await seed.server(node, [second ?? 0]);
      await session.query('rollback');
      await session.end();
      expect(refusalOf(await answer)).toMatch(/^409 no_free_allocation/);
      expect(idsOf(await claiming.claim({ node_ids: [node], count: 1 }))).toEqual([first]);
    } finally {
      await started.close();
    }
  });
});
