import { readdir, readFile } from 'node:fs/promises';
import type { RunningService } from '../support/service.ts';

const mebibyte = 1024 * 1024;

/** Resident memory of a running service, in MiB. */
export async function residentMemory({ process }: RunningService): Promise<number> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / mebibyte;
}

/** How many files and sockets a running service has open. */
export async function openFiles({ process }: RunningService): Promise<number> {
  return (await readdir(`/proc/${process.pid}/fd`)).length;
}
