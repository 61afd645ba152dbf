import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { freeOn } from '../support/sidecar.ts';
import { type Claiming, claimingAs, idsOf, portsFrom } from './claiming.ts';

describe('what one request looks at, of a panel with many nodes and ports', () => {
  let started: PortPanel;
  let claiming: Claiming;

  beforeAll(async () => {
    started = await startPortPanel(pterodactyl);
    claiming = claimingAs(started);
  });

  afterAll(() => started?.close());

  test('where runs are rare, a claim gives up and says so, and a list goes on by the page', async () => {
    const { seed, panel, send } = started;
    const node = await seed.node();
    const lonely = 51_000;
    await panel.execute(
      `insert into allocations (node_id, ip, port)
       select ${node}, concat('10.', seq div 10000, '.0.1'), 2 * (seq % 10000) from seq_0_to_${lonely - 1}`,
    );
    const run = await seed.ports(node, portsFrom(40_000, 2, '10.9.0.1'));
    const wish = { node_ids: [node], count: 2, consecutive: true, prefer: 'lowest' };
    expect(refusalOf(await claiming.tryClaim(wish))).toBe(
      '409 no_free_allocation: No matching node has 2 neighbouring free ports. ' +
        'Only the first 50000 free ports were looked at: name a node, an address or a range.',
    );
    expect(idsOf(await claiming.claim({ ...wish, ip: '10.9.0.1' }))).toEqual(run);

    const path = `${freeOn({ id: node })}?consecutive=2&include_held=true`;
    type Page = { data: { attributes: { ids: number[] } }[]; meta: { cursor: { next: string | null } } };
    const first = (await send({ path })).json as Page;
    expect(first.data).toEqual([]);
    const second = (await send({ path: `${path}&cursor=${first.meta.cursor.next}` })).json as Page;
    expect([second.data.map(({ attributes }) => attributes.ids), second.meta.cursor.next]).toEqual([
      [run],
      null,
    ]);
  });

  test('of more nodes than a claim is tried on, full ones come last', async () => {
    const { seed, panel } = started;
    const location = await seed.location();
    const nodes: number[] = [];
    const ports: number[] = [];
    for (let count = 0; count < 202; count += 1) {
      const node = await seed.node({ location });
      ports.push(...(await seed.ports(node, portsFrom(5000, 1))));
      nodes.push(node);
    }
    const last = nodes.at(-1) ?? 0;
    const server = await seed.server(nodes[0] ?? 0, ports.slice(0, 1));
    const full = nodes.slice(0, -1).join();
    await panel.execute(`update allocations set server_id = ? where node_id in (${full})`, [server]);
    for (const prefer of ['lowest', 'most-used', 'random']) {
      const claim = await claiming.claim({ location_ids: [location], count: 1, prefer });
      expect(claim.node_id).toBe(last);
      await claiming.release(claim.id);
    }
  });
});
