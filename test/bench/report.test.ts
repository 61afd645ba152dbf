import { expect, test } from 'vitest';
import type { Comparison } from '../../bench/measure.ts';
import { type Report, renderReport } from '../../bench/report.ts';

const list: Comparison = {
  scenario: 'list',
  connections: 1,
  bare: { requestsPerSecond: 20_000, p50: 0.05, p99: 0.2, cpu: 12.34 },
  service: { requestsPerSecond: 1_500, p50: 0.6, p99: 2.345, cpu: null },
  ratio: 0.075,
  direct: 0.25,
};

const report = (results: readonly Comparison[]): Report => ({
  machine: { cores: 2, cpu: 'some CPU', os: 'linux 6.1' },
  node: '24.0.0',
  database: 'MariaDB 11',
  loadGenerator: 'wrk',
  secondsPerRound: 4,
  results,
});

test('names the machine, and shows both servers beside each other', () => {
  const lines = renderReport(report([list])).split('\n');

  expect(lines[0]).toBe('2 cores (some CPU), linux 6.1, Node 24.0.0, MariaDB 11');
  expect(lines[1]).toBe('load by wrk on the same machine; the median of three rounds of 4 s in turns');
  const cells = lines.filter((line) => line.includes('list of keys')).map((line) => line.split(/\s*│\s*/));
  expect(cells).toEqual([
    ['', 'list of keys, audited', '1', 'bare node:http', '20000', '0.05', '0.20', '12.3', '', ''],
    ['', 'list of keys, audited', '1', 'panel-sidecar', '1500', '0.60', '2.35', '', '0.07', ''],
  ]);
});

test('holds one client of the list against the database alone', () => {
  const within = renderReport(report([list]));
  const over = renderReport(report([{ ...list, service: { ...list.service, p50: 1.51 } }]));

  expect(within).toContain(
    "1 connection: the list's p50 is 0.60 ms; SELECT 1 and one committed INSERT take 0.25 ms; " +
      'within the bound of twice that plus 1 ms, 1.50 ms\n',
  );
  expect(over).toContain('over the bound of twice that plus 1 ms, 1.50 ms\n');
});

test('says nothing of the database where it was not measured', () => {
  expect(renderReport(report([{ ...list, connections: 16, direct: null }]))).not.toContain('SELECT 1');
});
