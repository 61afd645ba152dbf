import { readFileSync } from 'node:fs';

/** Linux counts the time of processes in hundredths of a second for everyone who asks, whatever it counts in. */
const microsecondsPerTick = 10_000;

/** CPU time that a process has used so far, in microseconds; null where the system does not tell it in /proc. */
export function cpuTime(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name before may hold anything, spaces too; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
}
