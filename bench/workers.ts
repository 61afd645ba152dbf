import Table from 'cli-table3';
import type { RunningService } from '../test/support/service.ts';
import type { Figures, Load, LoadGenerator } from './load.ts';
import type { ScenarioName } from './options.ts';
import { median } from './percentile.ts';
import { describeRun, type RunFacts, titles } from './report.ts';
import { benchPaths, benchToken } from './seed.ts';
import type { Setting } from './setting.ts';

/** What the service did with so many workers. */
export interface WorkersFigures extends Figures {
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
    figures: [] as Figures[],
  }));
  const services: RunningService[] = [];
  try {
    for (const { workers } of found) {
      services.push(await setting.startService({ SIDECAR_WORKERS: String(workers) }));
    }
    const loads = services.map(
      ({ url }): Load => ({
        ...{ url, paths: benchPaths[scenario], token: benchToken.identifier + benchToken.secret },
        ...{ connections, seconds },
      }),
    );
    for (const load of loads) await generate({ ...load, seconds: warmUpSeconds });
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, load] of loads.entries()) found[index]?.figures.push(await generate(load));
    }
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
  const results = found.map(({ workers, figures }) => ({ workers, ...medianOf(figures) }));
  return { scenario, connections, results };
}

function medianOf(figures: readonly Figures[]): Figures {
  const middle = (name: keyof Figures) => median(figures.map((round) => round[name]));
  return { requestsPerSecond: middle('requestsPerSecond'), p50: middle('p50'), p99: middle('p99') };
}

/** The report for people. */
export function renderWorkers(report: WorkersReport): string {
  const table = new Table({
    head: ['workers', 'requests/s', 'the last one adds', 'of one worker', 'p50 ms', 'p99 ms'],
    colAligns: ['right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const [first] = report.results;
  for (const [index, { workers, requestsPerSecond, p50, p99 }] of report.results.entries()) {
    const before = report.results[index - 1];
    const added = before === undefined ? '' : signed(requestsPerSecond - before.requestsPerSecond);
    const part = requestsPerSecond / (first?.requestsPerSecond ?? requestsPerSecond);
    const numbers = [requestsPerSecond.toFixed(0), added, part.toFixed(2), p50.toFixed(2), p99.toFixed(2)];
    table.push([String(workers), ...numbers]);
  }
  const what = `${titles[report.scenario]}, ${report.connections} connections`;
  return [describeRun(report), what, table.toString(), ''].join('\n');
}

function signed(number: number): string {
  return `${number < 0 ? '' : '+'}${number.toFixed(0)}`;
}
