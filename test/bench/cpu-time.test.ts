import { expect, test } from 'vitest';
import { cpuTime } from '../../bench/cpu-time.ts';

test("tells the CPU time of this process as the process's own counter does, to a few hundredths", () => {
  const { user, system } = process.cpuUsage();

  expect(Math.abs((cpuTime(process.pid) ?? 0) - user - system)).toBeLessThan(100_000);
});

test('knows nothing of a process that is not there', () => {
  expect(cpuTime(2 ** 30)).toBeNull();
});
