import autocannon, { type Result } from 'autocannon';
import type { Load, LoadReport } from './load.ts';
import { percentile } from './percentile.ts';

/** Runs one round of load, given as JSON, and prints its figures as JSON. */
async function main(load: Load): Promise<void> {
  const times: number[] = [];
  const result = await run(load, (milliseconds) => times.push(milliseconds));
  const report: LoadReport = {
    requestsPerSecond: times.length / result.duration,
    p50: percentile(times, 50),
    p99: percentile(times, 99),
    failures: result.non2xx + result.errors + result.timeouts,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** @param onAnswer Told how long each answer took: the generator's own summary knows whole milliseconds only. */
function run(
  { url, paths, token, connections, seconds }: Load,
  onAnswer: (milliseconds: number) => void,
): Promise<Result> {
  const headers = { authorization: `Bearer ${token}` };
  const requests = paths.map((path) => ({ path, headers }));
  return new Promise((resolve, reject) => {
    const instance = autocannon({ url, connections, duration: seconds, requests }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
    instance.on('response', (_client, _status, _bytes, milliseconds) => onAnswer(milliseconds));
  });
}

await main(JSON.parse(process.argv[2] ?? '') as Load);
