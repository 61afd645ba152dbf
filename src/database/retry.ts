import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure } from './errors.ts';

/** Of two nodes of a cluster that write for one user in turn, one may well lose ten times in a row. */
const attempts = 20;
const baseDelayMs = 8;
const longestDelayMs = 256;

/**
 * Runs `work` again after a conflict (deadlock, busy file, another node's precedence), at most nineteen more times,
 * with a random pause that grows, so that two parties that met once do not meet again in step.
 */
export async function withConflictRetries<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || classifyFailure(error) !== 'conflict') throw error;
      await delay(Math.random() * Math.min(baseDelayMs * 2 ** attempt, longestDelayMs));
    }
  }
}
