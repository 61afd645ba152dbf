import { InvalidArgumentError } from 'commander';
import { longestGraceSeconds } from '../api-keys/schema.ts';

const mostWorkers = 64;

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

/** Reads how many workers to run: a number, or `auto`. @throws InvalidArgumentError */
export function parseWorkers(text: string): number | 'auto' {
  if (text === 'auto') return 'auto';
  const workers = /^[1-9]\d?$/.test(text) ? Number(text) : Number.NaN;
  if (workers <= mostWorkers) return workers;
  throw new InvalidArgumentError(`give a whole number from 1 to ${mostWorkers}, or auto`);
}
