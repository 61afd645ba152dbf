import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { isLetGo } from '../support/let-go.ts';
import { claimOf, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { activities } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { unlimited, until } from '../support/sidecar.ts';
import { claimingAs, idsOf, portsFrom } from './claiming.ts';

const workers = 12;

describe.each(cells)('a service of %s that is killed while it makes claims', (cell) => {
  let started: PortPanel;
  let node: number;

  beforeAll(async () => {
    started = await startPortPanel(cell, { count: 0 });
    node = await started.seed.node();
    await started.seed.ports(node, portsFrom(5000, 400));
  });

  afterAll(() => started?.close());

  test.each([1, 2, 3])('leaves no claim half made: time %i', async () => {
    const service = await startService(started.panel.folder, { env: unlimited });
    const claiming = claimingAs({ ...started, services: [service] });
    const made = new Map<string, readonly number[]>();
    const end = once(service.process, 'exit');
    let isAlive = true;
    const work = async () => {
      while (isAlive) {
        const body = { node_ids: [node], count: 3, ttl_seconds: 3600, reference: 'crash' };
        const answer = await claiming.tryClaim(body).catch(() => null);
        if (answer?.status === 201) made.set(claimOf(answer).id, idsOf(claimOf(answer)));
        // In the midst of the work of the others.
        if (made.size === 10 && isAlive) {
          isAlive = false;
          service.process.kill('SIGKILL');
        }
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    await end;
    await until(() => isLetGo(started.panel));

    const { panel } = started;
    const ids = (rows: readonly Record<string, unknown>[]) => rows.map((row) => String(row.claim_id));
    const claims = await panel.query('select id as claim_id from sidecar_claims order by id');
    const ports = await panel.query('select claim_id, allocation_id from sidecar_claim_ports order by 2');
    const holds = await panel.query('select claim_id, allocation_id from sidecar_holds order by 2');
    expect(holds).toEqual(ports);
    expect(ports).toHaveLength(3 * claims.length);
    expect([...new Set(ids(ports))].toSorted()).toEqual(ids(claims).toSorted());
    const recorded = await activities(panel, "event = 'node:allocation-claim.create'");
    const named = recorded.map(({ properties }) => (properties as { claim_id: string }).claim_id);
    expect(named.toSorted()).toEqual(ids(claims).toSorted());
    for (const [id, portIds] of made) {
      const own = ports.filter((port) => port.claim_id === id).map((port) => port.allocation_id);
      expect(own).toEqual(portIds.toSorted((a, b) => a - b));
    }
  });
});
