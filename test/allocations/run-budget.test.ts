import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyId, type PortFilter } from '../../src/allocations/port-filter.ts';
import { readRuns } from '../../src/allocations/runs.ts';
import { loadSettings } from '../../src/config/load.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { KnownPortIds } from '../../src/panel/port-ids.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { portsFrom } from '../claims/claiming.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PortSeed } from '../support/port-seed.ts';

describe('runs of neighbours, read by a budget', () => {
  let panel: PanelDatabase;
  let opened: OpenPanel;
  let filter: PortFilter;

  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', 'mariadb');
    const seed = new PortSeed(panel, 'pterodactyl');
    const node = await seed.node();
    const lone = Array.from({ length: 12 }, (_, index) => portsFrom(5000 + 2 * index, 1)).flat();
    await seed.ports(node, [
      ...portsFrom(4000, 7),
      ...lone,
      ...portsFrom(6000, 5),
      ...portsFrom(0, 4, '10.9.0.1'),
    ]);
    opened = await openPanel(
      loadPanelEnv(panel.folder, {}),
      loadSettings(null, () => null),
    );
    filter = {
      ...{ nodeIds: [node], ip: null, ports: null, ids: anyId, alias: null },
      ...{ freeOnly: true, includeHeld: false, replacing: null },
    };
  });

  afterAll(async () => {
    await opened?.database.close();
    await panel?.drop();
  });

  test.each([1, 2, 3, 5, 8, 28, 1000])('of %i ports a page: all of them, each once', async (most) => {
    const services = { database: opened.database, hasOwnTables: false, portIds: new KnownPortIds() };
    const found: string[] = [];
    let after: readonly (string | number)[] | null = null;
    let pages = 0;
    do {
      const budget = { left: most };
      const page = await readRuns(services, opened.database.queries, filter, 2, after, 50, budget);
      found.push(...page.runs.map(({ ip, from, to }) => `${ip} ${from}-${to}`));
      after = page.next;
      pages += 1;
    } while (after !== null);
    expect(found).toEqual([
      '10.0.0.1 4000-4001',
      '10.0.0.1 4002-4003',
      '10.0.0.1 4004-4005',
      '10.0.0.1 6000-6001',
      '10.0.0.1 6002-6003',
      '10.9.0.1 0-1',
      '10.9.0.1 2-3',
    ]);
    expect(pages > 28 / (most + 2)).toBe(true);
  });
});
