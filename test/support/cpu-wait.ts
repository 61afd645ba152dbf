import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * For how long, in milliseconds since they started, threads of these processes could have run but had to wait
 * for a processor: what a busy machine adds to a time that a test measures. 0 where the system does not tell.
 */
function cpuWaitMs(processes: readonly number[]): number {
  return processes.reduce((sum, pid) => sum + waitOf(pid), 0);
}

function waitOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, thread) => sum + waitOfThread(`${folder}/${thread}/schedstat`), 0);
}

/** Linux counts in nanoseconds; it is the second number of this file. */
function waitOfThread(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    // The thread has ended meanwhile.
    return 0;
  }
}

/** Runs `work` and tells how long it took, in milliseconds, without what these processes waited for a processor. */
export async function timed<Result>(
  processes: readonly number[],
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly ms: number }> {
  const waited = cpuWaitMs(processes);
  const since = performance.now();
  const result = await work();
  return { result, ms: performance.now() - since - (cpuWaitMs(processes) - waited) };
}
