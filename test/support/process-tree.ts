import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** The processes that a process has started and that still run; only Linux tells. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list.split(' ').filter(Boolean).map(Number);
}

/** Sends a signal to processes, some of which may have ended. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Resolves when these processes have ended, whether somebody has taken note of it or not. */
export async function ended(pids: readonly number[]): Promise<void> {
  for (const pid of pids) while (await isRunning(pid)) await delay(5);
}

async function isRunning(pid: number): Promise<boolean> {
  // The state follows the name, which is in parentheses and may hold some itself.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2));
}
