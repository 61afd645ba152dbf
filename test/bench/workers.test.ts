import { expect, test } from 'vitest';
import { renderWorkers, type WorkersReport } from '../../bench/workers.ts';

const report: WorkersReport = {
  machine: { cores: 2, cpu: 'some CPU', os: 'linux 6.1' },
  ...{ node: '24.0.0', database: 'MariaDB 11', loadGenerator: 'wrk', secondsPerRound: 4 },
  ...{ scenario: 'list', connections: 64 },
  results: [
    { workers: 1, requestsPerSecond: 4000, p50: 15.5, p99: 40.25, cpu: 100.04 },
    { workers: 2, requestsPerSecond: 6000, p50: 10, p99: 30, cpu: 110 },
    { workers: 3, requestsPerSecond: 5900, p50: 11, p99: 33, cpu: null },
  ],
};

test('names the machine, and shows what each worker adds', () => {
  const lines = renderWorkers(report).split('\n');
  expect(lines[0]).toBe('2 cores (some CPU), linux 6.1, Node 24.0.0, MariaDB 11');
  expect(lines).toContain('list of keys, audited, 64 connections');
  const cells = lines.filter((line) => /│ +\d/.test(line)).map((line) => line.split(/\s*│\s*/).slice(1, -1));
  expect(cells).toEqual([
    ['1', '4000', '', '1.00', '15.50', '40.25', '100.0'],
    ['2', '6000', '+2000', '1.50', '10.00', '30.00', '110.0'],
    ['3', '5900', '-100', '1.48', '11.00', '33.00', ''],
  ]);
});
