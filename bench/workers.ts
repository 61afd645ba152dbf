import Table from 'cli-table3';
import { childrenOf } from '../test/support/process-tree.ts';
import type { RunningService } from '../test/support/service.ts';
import { cpuTime } from './cpu-time.ts';
import type { Load, LoadGenerator } from './load.ts';
import { medianFigures, type ServerFigures } from './measure.ts';
import type { ScenarioName } from './options.ts';
import { describeRun, type RunFacts, titles } from './report.ts';
import { benchPaths, benchToken } from './seed.ts';
import type { Setting } from './setting.ts';

/** What the service did with so many workers. */
export interface WorkersFigures extends ServerFigures {
  readonly workers: number;
}

/** What one run found. */
export interface WorkersReport extends RunFacts {
  readonly scenario: ScenarioName;
  /** Clients that asked at the same time. */
  readonly connections: number;
  /** From one worker up. */
  readonly results: readonly WorkersFigures[];
}

const connections = 64;
const rounds = 3;
const warmUpSeconds = 2;

/**
 * Measures one endpoint with one worker, two, and so on to `most`: in turns, so that what else the machine does
 * shows on all of them. Each figure is the median of the rounds.
 */
export async function measureWorkers(
  setting: Setting,
  generate: LoadGenerator,
  scenario: ScenarioName,
  seconds: number,
  most: number,
): Promise<Pick<WorkersReport, 'scenario' | 'connections' | 'results'>> {
  const found = Array.from({ length: most }, (_, index) => ({
    workers: index + 1,
    figures: [] as ServerFigures[],
  }));
  const services: RunningService[] = [];
  try {
    for (const { workers } of found) {
      services.push(await setting.startService({ SIDECAR_WORKERS: String(workers) }));
    }
    const token = benchToken.identifier + benchToken.secret;
    const load = { paths: benchPaths[scenario], token, connections, seconds };
    for (const { url } of services) await generate({ ...load, url, seconds: warmUpSeconds });
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, service] of services.entries()) {
        found[index]?.figures.push(await measure(generate, service, load));
      }
    }
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
  const results = found.map(({ workers, figures }) => ({ workers, ...medianFigures(figures) }));
  return { scenario, connections, results };
}

async function measure(
  generate: LoadGenerator,
  { url, process: { pid = 0 } }: RunningService,
  load: Omit<Load, 'url'>,
): Promise<ServerFigures> {
  const pids = [pid, ...(await childrenOf(pid))];
  const before = pids.map(cpuTime);
  const figures = await generate({ ...load, url });
  const times = pids.map((each, index) => difference(cpuTime(each), before[index] ?? null));
  const known = times.filter((time) => time !== null);
  const requests = figures.requestsPerSecond * load.seconds;
  const total = known.reduce((sum, time) => sum + time, 0);
  return { ...figures, cpu: known.length < pids.length ? null : total / requests };
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

/** The report for people. */
export function renderWorkers(report: WorkersReport): string {
  const table = new Table({
    head: ['workers', 'requests/s', 'the last one adds', 'of one worker', 'p50 ms', 'p99 ms', 'CPU µs'],
    colAligns: Array<'right'>(7).fill('right'),
    style: { head: [], border: [] },
  });
  const [first] = report.results;
  for (const [index, { workers, requestsPerSecond, p50, p99, cpu }] of report.results.entries()) {
    const before = report.results[index - 1];
    const added = before === undefined ? '' : signed(requestsPerSecond - before.requestsPerSecond);
    const part = requestsPerSecond / (first?.requestsPerSecond ?? requestsPerSecond);
    const numbers = [requestsPerSecond.toFixed(0), added, part.toFixed(2), p50.toFixed(2), p99.toFixed(2)];
    table.push([String(workers), ...numbers, cpu?.toFixed(1) ?? '']);
  }
  const what = `${titles[report.scenario]}, ${report.connections} connections`;
  return [describeRun(report), what, table.toString(), ''].join('\n');
}

function signed(number: number): string {
  return `${number < 0 ? '' : '+'}${number.toFixed(0)}`;
}
