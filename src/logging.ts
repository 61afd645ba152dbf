import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** Longest run of word characters that can stand in a log: a key has 48, its identifier 16. */
const keyLike = /[A-Za-z0-9_]{17,}/g;

/**
 * The service's log: one JSON object per line. Requests are logged by their route, never by headers, query
 * or body, so that no key can get into it; errors by type, message and stack.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A path as sent, fit for a log: without query, with everything that could be a key cut out. */
export function loggablePath(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.slice(0, 200).replaceAll(keyLike, '[hidden]');
}
