import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelPort } from '../allocations/port-model.ts';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { claimOf, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { type Claiming, claimingAs, idsOf } from './claiming.ts';
import { grants, type ModelNode, type ModelWish, nodesFor } from './pick-model.ts';

const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.10'] as const;
/** Of each address, in two groups with a gap between. */
const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 23].map((offset) => 30_000 + offset);
const portsPerNode = addresses.length * numbers.length;

/** MiB of each node, of which claims hold some. */
const nodeMemory = 4000;
const nodeDisk = 9000;

/** Mostly none, else up to a little more than a node has. */
const anyRoom = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constant(0),
    fc.constantFrom(most / 4, most / 2, most, most + 1),
    fc.integer({ min: 1, max: most }),
  );

/** How a run begins: which ports of all nodes are taken, and by whom. */
type Taken = readonly ('free' | 'assigned' | 'held')[];

const anyTaken = (share: number): fc.Arbitrary<Taken> =>
  fc.array(
    fc.oneof(
      { weight: 100 - share, arbitrary: fc.constant('free' as const) },
      { weight: share, arbitrary: fc.constantFrom('assigned' as const, 'held' as const) },
    ),
    { minLength: 4 * portsPerNode, maxLength: 4 * portsPerNode },
  );

describe.each(cells)('picking ports of %s', (cell) => {
  const hasLocations = cell.panel === 'pterodactyl';
  let started: PortPanel;
  let claiming: Claiming;
  let nodes: readonly ModelNode[];
  let servers: readonly number[];

  beforeAll(async () => {
    started = await startPortPanel(cell);
    claiming = claimingAs(started);
    const { seed } = started;
    const locations = hasLocations ? [await seed.location(), await seed.location()] : [1, 2];
    nodes = await Promise.all(
      [
        { isPublic: true, isInMaintenance: false },
        { isPublic: true, isInMaintenance: false },
        { isPublic: false, isInMaintenance: false },
        { isPublic: true, isInMaintenance: true },
      ].map((details, index) => makeNode(details, locations[index % 2] ?? 0)),
    );
    servers = await Promise.all(
      nodes.map(async ({ id }) => {
        const [extra = 0] = await seed.ports(id, [{ ip: '192.0.2.1', port: 1 }]);
        return seed.server(id, [extra]);
      }),
    );
    // The ports that servers must have are no part of the picture.
    if (hasLocations) return;
    await started.panel.execute('update servers set allocation_id = null');
  });

  afterAll(() => started?.close());

  async function makeNode(
    details: { readonly isPublic: boolean; readonly isInMaintenance: boolean },
    location: number,
  ): Promise<ModelNode> {
    const room = { memory: nodeMemory, disk: nodeDisk };
    const id = await started.seed.node({ ...details, ...room, location });
    const pairs = addresses.flatMap((ip) => numbers.map((port) => ({ ip, port })));
    const ids = await started.seed.ports(id, pairs);
    const ports = pairs.map((pair, index) => ({ ...pair, id: ids[index] ?? 0, nodeId: id, alias: null }));
    const rank = await addressOrder();
    const inOrder = ports.toSorted((a, b) => rank.indexOf(a.ip) - rank.indexOf(b.ip) || a.port - b.port);
    return { id, location, ...details, ...room, ports: inOrder.map(free) };
  }

  async function addressOrder(): Promise<readonly string[]> {
    const rows = await started.panel.query('select distinct ip from allocations order by ip');
    return rows.map(({ ip }) => String(ip));
  }

  const anyWish = (): fc.Arbitrary<ModelWish> =>
    fc.record({
      nodeIds: fc.option(fc.subarray(nodes.map(({ id }) => id)), { freq: 3 }),
      locationIds: hasLocations
        ? fc.option(fc.subarray([...new Set(nodes.map(({ location }) => location))]), { freq: 2 })
        : fc.constant(null),
      memory: anyRoom(nodeMemory),
      disk: anyRoom(nodeDisk),
      count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 25 })),
      isConsecutive: fc.boolean(),
      isSameIp: fc.boolean(),
      ip: fc.option(fc.constantFrom(...addresses), { freq: 2 }),
      range: fc.option(
        fc.tuple(fc.integer({ min: 29_998, max: 30_024 }), fc.nat(24)).map(([a, b]) => [a, a + b] as const),
        { freq: 2 },
      ),
      prefer: fc.constantFrom(
        'least-used' as const,
        'most-used' as const,
        'random' as const,
        'lowest' as const,
      ),
    });

  /** What claims hold of each node, in quarters of its memory and disk. */
  const anyHeldRoom = () => fc.array(fc.nat(4), { minLength: nodes.length, maxLength: nodes.length });

  /** Lets a claim of each node hold so many quarters of its room, and one that has ended all of it. */
  async function holdRoom(quarters: readonly number[]): Promise<void> {
    const { panel } = started;
    for (const table of ['sidecar_claim_ports', 'sidecar_claims'])
      await panel.execute(`delete from ${table}`);
    const times = {
      created_at: 0,
      held_since: 0,
      wish: '{"count":1}',
      user_id: started.admin,
      outcome: null,
    };
    const rows = nodes.flatMap(({ id: node_id }, index) => {
      const part = (quarters[index] ?? 0) / 4;
      const held = { memory: nodeMemory * part, disk: nodeDisk * part, expires_at: Date.now() + 600_000 };
      const ended = { memory: nodeMemory, disk: nodeDisk, expires_at: Date.now() - 1000 };
      return [held, ended].map((room) => ({ id: crypto.randomUUID(), node_id, ...times, ...room }));
    });
    await insertRows(panel, 'sidecar_claims', rows);
  }

  /** Brings ports into the state that is wanted, and answers with the nodes as they are then. */
  async function arrange(taken: Taken, quarters: readonly number[]): Promise<readonly ModelNode[]> {
    const { panel } = started;
    const now = Date.now();
    await panel.execute('delete from sidecar_holds');
    await holdRoom(quarters);
    const arranged = nodes.map((node, index) => ({
      ...node,
      memory: nodeMemory * (1 - (quarters[index] ?? 0) / 4),
      disk: nodeDisk * (1 - (quarters[index] ?? 0) / 4),
      ports: node.ports.map((port, at) => {
        const state = taken[index * portsPerNode + at];
        return { ...port, isAssigned: state === 'assigned', isHeld: state === 'held' };
      }),
    }));
    const all = arranged.flatMap(({ ports }) => ports);
    const ids = (isIt: (port: ModelPort) => boolean) => [0, ...all.filter(isIt).map(({ id }) => id)].join();
    const serverOf = nodes.map(({ id }, index) => `when ${id} then ${servers[index]}`).join(' ');
    await panel.execute(
      `update allocations set server_id = case when id in (${ids(({ isAssigned }) => isAssigned)})
         then case node_id ${serverOf} end end where ip <> '192.0.2.1'`,
    );
    // Holds that have ended do not count.
    const held = ids(({ isHeld }) => isHeld);
    await panel.execute(
      `insert into sidecar_holds (allocation_id, claim_id, node_id, user_id, expires_at)
       select id, 'someone else', node_id, ${started.admin},
         case when id in (${held}) then ${now + 600_000} else ${now - 1000} end
       from allocations where id in (${held}) or id in (${ids(({ id, isHeld }) => !isHeld && id % 3 === 0)})`,
    );
    return arranged;
  }

  test('obeys every constraint, and finds ports wherever there are some', async () => {
    const scenario = fc
      .constantFrom(20, 60, 85)
      .chain((share) => fc.tuple(anyTaken(share), anyWish(), anyHeldRoom()));
    await fc.assert(
      fc.asyncProperty(scenario, async ([taken, wish, quarters]) => {
        const arranged = await arrange(taken, quarters);
        const answer = await claiming.tryClaim({
          ...(wish.nodeIds === null ? {} : { node_ids: wish.nodeIds }),
          ...(wish.locationIds === null ? {} : { location_ids: wish.locationIds }),
          ...{ memory: wish.memory, disk: wish.disk },
          ...(wish.ip === null ? {} : { ip: wish.ip }),
          ...(wish.range === null ? {} : { port_range: wish.range.join('-') }),
          ...{ count: wish.count, consecutive: wish.isConsecutive, same_ip: wish.isSameIp },
          prefer: wish.prefer,
        });
        const possible = nodesFor(arranged, wish);
        if (possible.length === 0) {
          expect([answer.status, answer.text]).toEqual([409, expect.stringContaining('no_free_allocation')]);
          return;
        }
        const claim = claimOf(answer);
        const node = possible.find(({ id }) => id === claim.node_id);
        if (wish.prefer !== 'random') expect(claim.node_id).toBe(possible[0]?.id);
        if (node === undefined) throw new Error(`node ${claim.node_id} is none of those`);
        expectGranted(idsOf(claim), grants(node, wish), wish);
      }),
      { numRuns: 80 },
    );
  }, 90_000);
});

/** The ports are enough of one of the groups; the lowest of the first, where those were wanted. */
function expectGranted(
  ids: readonly number[],
  groups: readonly (readonly ModelPort[])[],
  { count, prefer }: ModelWish,
): void {
  expect(new Set(ids).size).toBe(count);
  if (prefer === 'lowest') {
    expect(ids).toEqual(groups[0]?.slice(0, count).map(({ id }) => id));
    return;
  }
  const isGranted = groups.some((group) => ids.every((id) => group.some((port) => port.id === id)));
  expect(isGranted).toBe(true);
}

function free(port: Omit<ModelPort, 'isAssigned' | 'isHeld'>): ModelPort {
  return { ...port, isAssigned: false, isHeld: false };
}
