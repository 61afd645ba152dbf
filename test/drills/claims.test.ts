import { describe, expect, test } from 'vitest';
import { type DrillOptions, runDrill } from '../claims/drill.ts';
import { cells } from '../support/cells.ts';
import { startPortPanel } from '../support/port-panel.ts';
import { drillTimeout, isFull, sized, tell } from './size.ts';

type Size = DrillOptions & { readonly services: number };
const bounds = { maxHeld: sized(60, 30), memory: 1000 };
const full: Size = {
  ...bounds,
  seconds: 30,
  services: 4,
  workers: 100,
  users: 10,
  nodes: 3,
  portsPerAddress: 60,
};
const small: Readonly<Record<'server' | 'file', Size>> = {
  server: { ...full, seconds: 2 },
  // Whoever writes has the file alone: more callers would only wait.
  file: { ...bounds, seconds: 1.5, services: 2, workers: 8, users: 4, nodes: 2, portsPerAddress: 30 },
};

describe.each(cells)('%s', (cell) => {
  test(
    'many callers never hold a port twice, and lose none',
    async () => {
      const { services, ...options } = isFull ? full : small[cell.on === 'sqlite' ? 'file' : 'server'];
      const env = { SIDECAR_CLAIMS_MAX_HELD: String(options.maxHeld) };
      const started = await startPortPanel(cell, { count: services, env });
      try {
        const { claims, answers, problems } = await runDrill(started, options);
        tell(`claims, ${cell}`, { claims, ...answers });
        expect(problems).toEqual([]);
        // Enough happened for that to mean something.
        expect(claims).toBeGreaterThan(20);
        expect(Object.keys(answers)).toEqual(expect.arrayContaining(['claim 201', 'release 204']));
      } finally {
        await started.close();
      }
    },
    drillTimeout,
  );
});
