import { availableParallelism, cpus, release } from 'node:os';
import Table from 'cli-table3';
import type { Comparison } from './measure.ts';
import type { ScenarioName } from './options.ts';

/** Where and how a run was measured. */
export interface RunFacts {
  readonly machine: { readonly cores: number; readonly cpu: string; readonly os: string };
  readonly node: string;
  readonly database: string;
  readonly loadGenerator: string;
  readonly secondsPerRound: number;
}

/** Everything one run found. */
export interface Report extends RunFacts {
  readonly results: readonly Comparison[];
}

/** The endpoints, for people. */
export const titles: Readonly<Record<ScenarioName, string>> = {
  list: 'list of keys, audited',
  free: 'free ports, audited',
};

/** The machine that this runs on, for reports. */
export function describeMachine(): Report['machine'] {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    os: `${process.platform} ${release()}`,
  };
}

/** The report for people. */
export function renderReport(report: Report): string {
  const { results } = report;
  return [describeRun(report), renderTable(results), ...results.flatMap(renderDirect), ''].join('\n');
}

/** Where and how it was measured, for people. */
export function describeRun({ machine, node, database, loadGenerator, secondsPerRound }: RunFacts): string {
  return `${machine.cores} cores (${machine.cpu}), ${machine.os}, Node ${node}, ${database}
load by ${loadGenerator} on the same machine; the median of three rounds of ${secondsPerRound} s in turns\n`;
}

function renderTable(results: readonly Comparison[]): string {
  const table = new Table({
    head: ['endpoint', 'connections', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'ratio'],
    colAligns: ['left', 'right', 'left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { scenario, connections, bare, service, ratio } of results) {
    for (const [server, figures, part] of [
      ['bare node:http', bare, ''],
      ['panel-sidecar', service, ratio.toFixed(2)],
    ] as const) {
      const { requestsPerSecond, p50, p99, cpu } = figures;
      const numbers = [requestsPerSecond.toFixed(0), p50.toFixed(2), p99.toFixed(2), cpu?.toFixed(1) ?? ''];
      table.push([titles[scenario], String(connections), server, ...numbers, part]);
    }
  }
  return table.toString();
}

function renderDirect({ scenario, connections, service, direct }: Comparison): string[] {
  if (direct === null || scenario !== 'list') return [];
  const bound = 2 * direct + 1;
  const verdict = service.p50 <= bound ? 'within' : 'over';
  return [
    `${connections} connection: the list's p50 is ${service.p50.toFixed(2)} ms; SELECT 1 and one committed ` +
      `INSERT take ${direct.toFixed(2)} ms; ${verdict} the bound of twice that plus 1 ms, ${bound.toFixed(2)} ms`,
  ];
}
