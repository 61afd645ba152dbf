import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { claimOf, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { type Claiming, claimingAs } from './claiming.ts';

/** Runs of four that lead nowhere, more than are tried, and behind them the only long one. */
const shortRuns = Array.from({ length: 20 }, (_, run) =>
  [0, 1, 2, 3].map((offset) => 5000 + 6 * run + offset),
);
const longRun = Array.from({ length: 100 }, (_, offset) => 9000 + offset);

describe.each(cells)('long runs of ports of %s', (cell) => {
  let started: PortPanel;
  let claiming: Claiming;
  let node: number;

  beforeAll(async () => {
    started = await startPortPanel(cell);
    claiming = claimingAs(started);
    node = await started.seed.node();
    const ports = [...shortRuns.flat(), ...longRun].map((port) => ({ ip: '10.0.0.1', port }));
    await started.seed.ports(node, ports);
  });

  afterAll(() => started?.close());

  test.each(['random', 'lowest'] as const)(
    'the longest that can be asked for is found: %s',
    async (prefer) => {
      const answer = await claiming.tryClaim({ node_ids: [node], count: 100, consecutive: true, prefer });
      const claim = claimOf(answer);
      expect(claim.ports.map(({ port }) => port).toSorted()).toEqual(longRun);
      const none = await claiming.tryClaim({ node_ids: [node], count: 5, consecutive: true, prefer });
      expect(none.status).toBe(409);
      await claiming.release(claim.id);
    },
  );
});
