import { InvalidArgumentError } from 'commander';
import { longestGraceSeconds } from '../api-keys/schema.ts';

/** Reads a number of days from the command line. @throws InvalidArgumentError */
export function parseDays(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('give a whole number of days');
  return Number(text);
}

/** Reads the overlap of a key with its successor from the command line, in seconds. @throws InvalidArgumentError */
export function parseGrace(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= longestGraceSeconds) return seconds;
  throw new InvalidArgumentError(`give a whole number of seconds, at most ${longestGraceSeconds}`);
}
