const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Pauses after the first failure, the second, and so on, in milliseconds: 24 hours altogether. */
const pauses = [
  ...[5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute],
  ...[1 * hour, 3 * hour, 7 * hour, 12 * hour],
];

/** How far a pause may be off either way, so that messages that failed together do not come back together. */
const jitter = 0.1;

/** Most tries of a message. */
export const mostAttempts = pauses.length + 1;

/**
 * How long to wait after a failed try, in milliseconds; null where it was the last.
 *
 * @param failures How many tries have failed, from 1.
 * @param random From 0 to 1.
 */
export function retryDelay(failures: number, random: number): number | null {
  const pause = pauses[failures - 1];
  return pause === undefined ? null : Math.round(pause * (1 - jitter + 2 * jitter * random));
}
