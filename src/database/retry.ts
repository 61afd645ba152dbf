import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure } from './errors.ts';

const attempts = 6;
const baseDelayMs = 8;

/**
 * Runs `work` again after a conflict (deadlock, busy file), at most five more times, with a
 * growing random pause so that two parties that met once do not meet again in step.
 */
export async function withConflictRetries<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || classifyFailure(error) !== 'conflict') throw error;
      await delay(Math.random() * baseDelayMs * 2 ** attempt);
    }
  }
}
