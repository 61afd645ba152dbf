import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const wrkScript = fileURLToPath(new URL('./wrk.lua', import.meta.url));
const autocannonScript = fileURLToPath(new URL('./autocannon-load.ts', import.meta.url));

/** What one round of load asks for. */
export interface Load {
  readonly url: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly token: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What one round found. */
export interface Figures {
  readonly requestsPerSecond: number;
  /** Median of the time from request to answer, in milliseconds. */
  readonly p50: number;
  /** Its 99th percentile. */
  readonly p99: number;
}

/** What a load generator reports. */
export interface LoadReport extends Figures {
  /** Answers other than 2xx, and failures of connections. */
  readonly failures: number;
}

/** Runs one round. @throws Error where any answer was not the expected one: it would be measured too. */
export type LoadGenerator = (load: Load) => Promise<Figures>;

/** The generators, best first. */
export type LoadGeneratorName = 'wrk' | 'autocannon';

/** wrk where it is installed, which costs the machine less; else autocannon in a process of its own. */
export async function findLoadGenerator(
  folder: string,
): Promise<{ name: LoadGeneratorName; generate: LoadGenerator }> {
  const hasWrk = await run('sh', ['-c', 'command -v wrk']).then(
    () => true,
    () => false,
  );
  return hasWrk
    ? { name: 'wrk', generate: (load) => checked(load, runWrk(load, folder)) }
    : { name: 'autocannon', generate: (load) => checked(load, runAutocannon(load)) };
}

async function checked(load: Load, report: Promise<LoadReport>): Promise<Figures> {
  const { failures, ...figures } = await report;
  if (failures > 0) throw new Error(`${failures} requests to ${load.url} failed under load`);
  return figures;
}

async function runWrk(load: Load, folder: string): Promise<LoadReport> {
  const list = join(folder, 'paths.txt');
  writeFileSync(list, load.paths.map((path) => `${path}\n`).join(''));
  const size = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency'];
  const header = `Authorization: Bearer ${load.token}`;
  const { stdout } = await run('wrk', [...size, '-s', wrkScript, '-H', header, load.url, '--', list]);
  return lastLine(stdout);
}

async function runAutocannon(load: Load): Promise<LoadReport> {
  const { stdout } = await run(process.execPath, [autocannonScript, JSON.stringify(load)]);
  return lastLine(stdout);
}

function lastLine(output: string): LoadReport {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadReport;
}
