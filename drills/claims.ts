import { parseArgs } from 'node:util';
import { runDrill } from '../test/claims/drill.ts';
import { MariadbServer } from '../test/support/mariadb-server.ts';
import { startPortPanel } from '../test/support/port-panel.ts';

/**
 * Many callers at several services claim, use, release, extend, replace and forget ports for a while, on a
 * MariaDB of its own: `node drills/claims.ts [--seconds 30] [--services 4] [--workers 100]`. Exits with 1 where
 * a port was held twice or lost.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    services: { type: 'string', default: '4' },
    workers: { type: 'string', default: '100' },
  },
});
const maxHeld = 60;
const server = await MariadbServer.start();
try {
  const cell = { panel: 'pterodactyl', on: 'mariadb' } as const;
  const started = await startPortPanel(cell, {
    ...{ count: Number(values.services), address: server.address },
    env: { SIDECAR_CLAIMS_MAX_HELD: String(maxHeld) },
  });
  const report = await runDrill(started, {
    ...{ seconds: Number(values.seconds), workers: Number(values.workers) },
    ...{ maxHeld, memory: 1000, users: 10, nodes: 3, portsPerAddress: 60 },
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (report.problems.length > 0) process.exitCode = 1;
  await started.close();
} finally {
  await server.stop();
}
