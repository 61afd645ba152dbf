import fc from 'fast-check';
import type { Cell } from '../support/cells.ts';
import { claimOf, claimsPath, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import type { NewPort } from '../support/port-seed.ts';
import type { AddressRank, ModelPort, ModelQuery } from './port-model.ts';

/** A panel with two nodes full of ports of all kinds, and the same ports as a plain program would keep them. */
export interface SearchedPanel extends PortPanel {
  readonly nodeIds: readonly [number, number];
  readonly ports: readonly ModelPort[];
  readonly rank: AddressRank;
}

const addresses = ['10.0.0.1', '10.0.0.11', '10.0.0.2', 'fd00::1', 'fd00::a'] as const;
const aliases = [null, null, 'Play.example.com', 'eu_1.example.com', '100%.example.com'] as const;

const newPort: fc.Arbitrary<NewPort> = fc.record({
  ip: fc.constantFrom(...addresses),
  // Few enough that many are neighbours.
  port: fc.integer({ min: 30_000, max: 30_029 }),
  alias: fc.constantFrom(...aliases),
});

const newPorts = fc.uniqueArray(newPort, {
  ...{ minLength: 90, maxLength: 90, size: 'max' },
  selector: ({ ip, port }) => `${ip} ${port}`,
});

/** Starts it: a fifth of the ports belong to a server, and twelve on each node are held. */
export async function startSearchedPanel(cell: Cell): Promise<SearchedPanel> {
  const started = await startPortPanel(cell);
  const { seed } = started;
  const nodeIds = [await seed.node(), await seed.node()] as const;
  const [first = [], second = []] = fc.sample(newPorts, { numRuns: 2, seed: 20_261_124 });
  // Put in by turns, so that the row ids of the nodes are mixed.
  const halves = [first.slice(0, 45), second.slice(0, 45), first.slice(45), second.slice(45)];
  const ports: ModelPort[] = [];
  for (const [index, half] of halves.entries()) {
    const nodeId = nodeIds[index % 2 === 0 ? 0 : 1];
    const ids = await seed.ports(nodeId, half);
    ports.push(...half.map((port, at) => toModel(port, ids[at] ?? 0, nodeId, at % 5 === 0)));
  }
  for (const nodeId of nodeIds) {
    const assigned = ports.filter((port) => port.nodeId === nodeId && port.isAssigned);
    await seed.server(
      nodeId,
      assigned.map(({ id }) => id),
    );
  }
  const held = await holdSome(started, nodeIds);
  return {
    ...started,
    nodeIds,
    ports: ports.map((port) => ({ ...port, isHeld: held.has(port.id) })),
    rank: await addressRank(started),
  };
}

function toModel({ ip, port, alias = null }: NewPort, id: number, nodeId: number, isAssigned: boolean) {
  return { ...{ id, nodeId, ip, port, alias }, isAssigned, isHeld: false };
}

async function holdSome({ send }: PortPanel, nodeIds: readonly number[]): Promise<ReadonlySet<number>> {
  const held = new Set<number>();
  for (const nodeId of nodeIds) {
    const body = { node_ids: [nodeId], count: 12, ttl_seconds: 3600 };
    const claim = claimOf(await send({ method: 'POST', path: claimsPath, body }));
    for (const { id } of claim.ports) held.add(id);
  }
  return held;
}

async function addressRank({ panel }: PortPanel): Promise<AddressRank> {
  const rows = await panel.query('select distinct ip from allocations order by ip');
  const order = rows.map(({ ip }) => String(ip));
  return (ip) => order.indexOf(ip);
}

/** Any list that can be asked for. */
export const anyQuery = (nodeIds: readonly number[]): fc.Arbitrary<ModelQuery> =>
  fc
    .record({
      ip: fc.option(fc.constantFrom(...addresses), { freq: 2 }),
      range: fc.option(fc.tuple(fc.integer({ min: 29_995, max: 30_035 }), fc.nat(20)), { freq: 2 }),
      alias: fc.option(fc.constantFrom('EXAMPLE', 'play', '_', '%', 'nowhere'), { freq: 1 }),
      sort: fc.constantFrom('id' as const, 'ip' as const, 'port' as const),
      isDescending: fc.boolean(),
      includeHeld: fc.boolean(),
    })
    .map(({ range, ...rest }) => ({
      ...{ ...rest, nodeIds, from: range?.[0] ?? null, to: range === null ? null : range[0] + range[1] },
    }));
