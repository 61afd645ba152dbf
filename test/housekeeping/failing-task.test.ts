import { expect, test } from 'vitest';
import { claimingAs, moveClaim, portsFrom } from '../claims/claiming.ts';
import { pterodactyl } from '../support/cells.ts';
import { startPortPanel } from '../support/port-panel.ts';
import { until } from '../support/sidecar.ts';

test('a task of housekeeping that fails keeps none of the others from its work', async () => {
  const started = await startPortPanel(pterodactyl);
  try {
    const { panel, seed } = started;
    const node = await seed.node();
    await seed.ports(node, portsFrom(5000, 1));
    const { id } = await claimingAs(started).claim({ node_ids: [node], count: 1 });
    // Whoever forgets old answers fails from now on, and comes before whoever ends claims.
    await panel.execute('rename table sidecar_idempotency to sidecar_gone');
    await moveClaim(started, id, { endsIn: -1 });
    await until(async () => {
      const [row] = await panel.query('select outcome from sidecar_claims where id = ?', [id]);
      return row?.outcome === 'expired';
    });
    expect(await panel.query('select allocation_id from sidecar_holds')).toEqual([]);
    await until(() => (started.services[0]?.log ?? []).some((line) => line.includes('housekeeping failed')));
  } finally {
    await started.close();
  }
});
