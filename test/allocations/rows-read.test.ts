import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PortRow } from '../../src/allocations/allocation.ts';
import { createListAllocations } from '../../src/allocations/list-allocations.ts';
import { countPorts, readPorts } from '../../src/allocations/list-ports.ts';
import { anyId, type PortFilter } from '../../src/allocations/port-filter.ts';
import { type PortOrder, placeOf } from '../../src/allocations/port-order.ts';
import { readRuns } from '../../src/allocations/runs.ts';
import { shellActor } from '../../src/audit/activity.ts';
import { pickPorts } from '../../src/claims/pick-ports.ts';
import type { PortWish } from '../../src/claims/port-wish.ts';
import { loadSettings } from '../../src/config/load.ts';
import { Reads } from '../../src/database/reads.ts';
import { Totals } from '../../src/database/totals.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { KnownPortIds } from '../../src/panel/port-ids.ts';
import type { Services } from '../../src/services.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { pterodactyl } from '../support/cells.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PortSeed } from '../support/port-seed.ts';

const portsOnLarge = 1_000_000;
const page = 50;

/** Rows of `seq`, from 0 on; MySQL has no table of numbers, and follows no recursion that far. */
function numbersBelow(count: number): string {
  const digits = Array.from({ length: String(count - 1).length }, (_, index) => index);
  const digit = Array.from({ length: 10 }, (_, value) => `select ${value} as n`).join(' union all ');
  const sum = digits.map((place) => `d${place}.n * ${10 ** place}`).join(' + ');
  const tables = digits.map((place) => `(${digit}) d${place}`).join(', ');
  return `select ${sum} as seq from ${tables} having seq < ${count}`;
}

/** How many rows the server reads for a page, or a claim: it counts every step through an index or a table. */
describe(`rows that ${pterodactyl} reads, on a node of 1,000,000 ports of which 90 % are taken`, () => {
  let panel: PanelDatabase;
  let opened: OpenPanel;
  let large: number;
  let small: number;
  const portIds = new KnownPortIds();

  beforeAll(async () => {
    panel = await createPanelDatabase(pterodactyl.panel, pterodactyl.on);
    await migrateOwnTables(panel);
    const seed = new PortSeed(panel, 'pterodactyl');
    const makeNode = async (count: number, share: number) => {
      const id = await seed.node();
      const [first = 0] = await seed.ports(id, [{ ip: '192.0.2.1', port: 1 }]);
      const server = await seed.server(id, [first]);
      await panel.execute(
        `insert into allocations (node_id, ip, port, server_id)
         select ${id}, concat('10.', seq div 250000, '.', seq div 1000 % 250, '.1'), 10000 + seq % 1000, if(rand(7) < ${share}, ${server}, null)
         from (${numbersBelow(count)}) numbers`,
      );
      return id;
    };
    // Before, between and behind there are free ports of others.
    await makeNode(20_000, 0);
    small = await makeNode(200, 0.5);
    large = await makeNode(portsOnLarge, 0.9);
    await makeNode(20_000, 0);
    await panel.query('analyze table allocations');
    // One connection, so that what it counts is all there is.
    opened = await openPanel(
      loadPanelEnv(panel.folder, {}),
      loadSettings(null, (name) => (name === 'SIDECAR_DATABASE_POOL_SIZE' ? '1' : null)),
    );
    // Both are found out once and remembered.
    await opened.database.portsBy('free-by-id');
    for (const minutes of [0, 10]) {
      vi.spyOn(performance, 'now').mockReturnValue(minutes * 60_000);
      await portIds.of(opened.database.queries, [small, large]);
    }
    vi.restoreAllMocks();
    for (const id of [small, large]) await portIds.freeAmong(opened.database.queries, id);
  }, 120_000);

  afterAll(async () => {
    await opened?.database.close();
    await panel?.drop();
  });

  const services = () => ({ database: opened.database, hasOwnTables: true, portIds });

  async function rowsReadBy(work: () => Promise<unknown>): Promise<number> {
    const before = await rowsRead();
    await work();
    return (await rowsRead()) - before;
  }

  async function rowsRead(): Promise<number> {
    const { rows } = await sqlStatus(opened);
    return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
  }

  const filterOf = (nodeId: number): PortFilter => ({
    ...{ nodeIds: [nodeId], ip: null, ports: null, ids: anyId, alias: null },
    ...{ freeOnly: true, includeHeld: false, replacing: null },
  });
  const read = (nodeId: number, order: PortOrder, after: readonly (string | number)[] | null) =>
    readPorts(services(), opened.database.queries, filterOf(nodeId), order, {
      after,
      offset: 0,
      limit: page,
    });

  test.each([
    ['id', false, 200],
    ['id', true, 200],
    ['ip', false, 2500],
    ['ip', true, 2500],
  ] as const)(
    'by %s, descending %s: every page costs the same, %i at the most',
    async (by, isDescending, most) => {
      const order = { by, isDescending };
      let after: readonly (string | number)[] | null = null;
      const costs: number[] = [];
      for (let number = 0; number < 100; number += 1) {
        let rows: readonly PortRow[] = [];
        costs.push(
          await rowsReadBy(async () => {
            rows = await read(large, order, after);
          }),
        );
        expect(rows).toHaveLength(page);
        const last = rows.at(-1);
        if (last !== undefined) after = placeOf(last, order);
      }
      expect(Math.max(...costs)).toBeLessThan(most);
    },
  );

  test.each([
    ['id', 600],
    ['ip', 600],
    ['port', 600],
  ] as const)(
    'a small node among large ones costs no more than it has: by %s, %i at the most',
    async (by, most) => {
      const order = { by, isDescending: false };
      expect(await rowsReadBy(() => read(small, order, null))).toBeLessThan(most);
    },
  );

  const wish: PortWish = {
    ...{ count: 4, isConsecutive: false, isSameIp: false, ports: null, ip: null },
    ...{ isLowest: false, replacing: null },
  };

  test.each<[string, Partial<PortWish>, number]>([
    ['any ports', {}, 50],
    ['ports on one address', { isSameIp: true }, 1000],
    ['ports on a given address', { ip: '10.0.7.1' }, 1000],
    ['ports of a range', { ports: { from: 10_100, to: 10_300 } }, 500],
    ['the lowest ports', { isLowest: true }, 500],
    ['neighbours', { isConsecutive: true }, 20_000],
    ['neighbours on a given address', { isConsecutive: true, count: 2, ip: '10.0.7.1' }, 4000],
  ])('picking %s', async (_what, changes, most) => {
    const costs: number[] = [];
    for (let time = 0; time < 20; time += 1) {
      costs.push(
        await rowsReadBy(async () => {
          const { queries } = opened.database;
          const budget = { left: 50_000 };
          const picked = await pickPorts(services(), queries, large, { ...wish, ...changes }, budget);
          expect(picked?.ids).toHaveLength({ ...wish, ...changes }.count);
        }),
      );
    }
    expect(Math.max(...costs)).toBeLessThan(most);
  });

  test.each([
    ['by port', { by: 'port', isDescending: false }],
    ['by port, descending', { by: 'port', isDescending: true }],
  ] as const)('%s, all free ports are read for a page, but once wherever it is', async (_what, order) => {
    const first = await rowsReadBy(() => read(large, order, null));
    const place = [10_500, '10.2.7.1', 0];
    const deep = await rowsReadBy(() => read(large, order, place));
    expect(deep).toBeLessThan(first * 1.2);
    expect(first).toBeLessThan(300_000);
  });

  test('across nodes by address, a page costs the same wherever it is', async () => {
    const filter = { ...filterOf(large), nodeIds: [small, large] };
    const order = { by: 'ip', isDescending: false } as const;
    const at = (after: readonly (string | number)[] | null) =>
      readPorts(services(), opened.database.queries, filter, order, { after, offset: 0, limit: page });
    const first = await rowsReadBy(() => at(null));
    const deep = await rowsReadBy(() => at(['10.2.7.1', 10_500, 0]));
    expect(deep).toBeLessThan(first * 1.2);
  });

  test.each([
    ['id', false, 200],
    ['id', true, 200],
    ['ip', false, 500],
    ['ip', true, 500],
  ] as const)(
    'with assigned ports, by %s, descending %s: every page costs the same, %i at the most',
    async (by, isDescending, most) => {
      const order = { by, isDescending };
      const filter = { ...filterOf(large), freeOnly: false };
      for (const after of [null, by === 'id' ? [700_000] : ['10.2.7.1', 10_500, 0]]) {
        const cost = await rowsReadBy(async () => {
          const limits = { after, offset: 0, limit: page };
          const rows = await readPorts(services(), opened.database.queries, filter, order, limits);
          expect(rows).toHaveLength(page);
        });
        expect(cost).toBeLessThan(most);
      }
    },
  );

  test('the total of free ports reads those and no others', async () => {
    let total = 0;
    const cost = await rowsReadBy(async () => {
      total = await countPorts(services(), opened.database.queries, filterOf(large));
    });
    expect(total).toBeGreaterThan(90_000);
    expect(cost).toBeLessThan(4 * total);
  });

  test('a page far behind the last is empty, and nothing is read for it but the total', async () => {
    const list = createListAllocations({
      ...services(),
      reads: new Reads(opened.database, null, { onAway: () => undefined, onBack: () => undefined }),
      portTotals: new Totals(),
      settings: { audit: { views: false } },
    } as Services);
    const query = { filter: filterOf(large), order: { by: 'id', isDescending: false } } as const;
    const total = await rowsReadBy(() => countPorts(services(), opened.database.queries, query.filter));
    const cost = await rowsReadBy(async () => {
      expect(await list.byNumber(shellActor, query, 40_000_000, page)).toMatchObject({ rows: [] });
    });
    expect(cost).toBeLessThan(total + 100);
  });

  test('runs that are not there are looked for among so many ports at the most', async () => {
    const { queries } = opened.database;
    let next: readonly (string | number)[] | null = null;
    const cost = await rowsReadBy(async () => {
      const budget = { left: 5000 };
      const page = await readRuns(services(), queries, filterOf(large), 90, null, 1, budget);
      expect(page.runs).toEqual([]);
      next = page.next;
    });
    // Nine in ten are passed over, and of each free one is looked whether it is held.
    expect(cost).toBeLessThan(70_000);
    expect(next).not.toBeNull();
  });
});

const statusQuery = sql<{ Value: string }>`show session status like 'Handler\_read\_%'`;

function sqlStatus({ database }: OpenPanel): Promise<{ rows: { Value: string }[] }> {
  return statusQuery.execute(database.queries);
}
