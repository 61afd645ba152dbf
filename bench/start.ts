import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { OperatorError } from '../src/operator-error.ts';
import { installPackage } from '../test/support/installed-package.ts';
import { MariadbServer } from '../test/support/mariadb-server.ts';
import { createPanelDatabase } from '../test/support/panel-database.ts';
import { cpuTime } from './cpu-time.ts';
import { percentile } from './percentile.ts';
import { describeMachine } from './report.ts';
import { runMain } from './run-main.ts';

// From the start of the packed, installed program until it takes requests beside a panel on MariaDB. The CPU time
// tells the same of a machine that has other things to do.

const starts = 15;
const boundMs = 500;

/** What one start took. */
interface Start {
  readonly ms: number;
  /** CPU time of the process until then, in milliseconds; null where the system does not tell. */
  readonly cpuMs: number | null;
}

/** Starts the service, waits until it listens, and stops it. */
async function startOnce(file: string, panel: string): Promise<Start> {
  const begun = performance.now();
  const args = [file, 'serve', '--panel', panel, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('"url":"http:')) continue;
      const ms = performance.now() - begun;
      const cpu = cpuTime(child.pid ?? 0);
      return { ms, cpuMs: cpu === null ? null : cpu / 1000 };
    }
    throw new OperatorError('the service ended instead of starting');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function tell(figures: readonly number[]): string {
  const [least, median] = [Math.min(...figures), percentile(figures, 50)];
  return `median ${median.toFixed(0)} ms, least ${least.toFixed(0)} ms, most ${Math.max(...figures).toFixed(0)} ms`;
}

async function main(): Promise<void> {
  const installed = await installPackage();
  const server = await MariadbServer.start();
  const panel = await createPanelDatabase('pterodactyl', 'mariadb', server.address);
  try {
    // The first finds nothing of the program in memory.
    await startOnce(installed.file, panel.folder);
    const measured: Start[] = [];
    for (let count = 0; count < starts; count += 1)
      measured.push(await startOnce(installed.file, panel.folder));
    const { cores, cpu } = describeMachine();
    const times = measured.map(({ ms }) => ms);
    const cpuTimes = measured.flatMap(({ cpuMs }) => cpuMs ?? []);
    const verdict = percentile(times, 50) < boundMs ? 'within' : 'over';
    process.stdout.write(
      `${cores} cores (${cpu}), Node ${process.versions.node}, ${starts} starts of the installed package\n` +
        `start to ready: ${tell(times)}; ${verdict} the bound of ${boundMs} ms\n` +
        (cpuTimes.length > 0 ? `CPU time until then: ${tell(cpuTimes)}\n` : ''),
    );
  } finally {
    await panel.drop();
    await server.stop();
    installed.remove();
  }
}

await runMain(main);
