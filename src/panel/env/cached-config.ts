import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../operator-error.ts';
import { type DatabaseSettings, databaseSettings } from './database-settings.ts';
import { type Printable, withHidden } from './hidden.ts';
import { type PhpValue, parsePhpReturn } from './php-literal.ts';

/** Many times the size of a panel's cached configuration. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What `php artisan config:cache` froze. While the file exists, the panel does not read its `.env`. */
export type CachedConfig = ReadableCachedConfig | UnreadableCachedConfig;

/** Printing it shows neither key nor password. */
export interface ReadableCachedConfig extends Printable {
  readonly readable: true;
  /** absolute path */
  readonly file: string;
  /** `app.timezone` */
  readonly timeZone: string | null;
  /** the default connection; `null` where the file has none that the service knows */
  readonly database: DatabaseSettings | null;
  /** `app.key` as it is written; not enumerable */
  readonly appKey: string | null;
}

/** A file that exists but could not be understood. */
export interface UnreadableCachedConfig {
  readonly readable: false;
  /** absolute path */
  readonly file: string;
  /** why, in a few words */
  readonly reason: string;
}

/** Keys of a cached connection and the variables that they came from. */
const CONNECTION_KEYS: ReadonlyMap<string, string> = new Map([
  ['DB_URL', 'url'],
  ['DB_HOST', 'host'],
  ['DB_PORT', 'port'],
  ['DB_SOCKET', 'unix_socket'],
  ['DB_DATABASE', 'database'],
  ['DB_USERNAME', 'username'],
  ['DB_PASSWORD', 'password'],
  ['DB_PREFIX', 'prefix'],
  ['DB_CHARSET', 'charset'],
  ['DB_COLLATION', 'collation'],
  ['DB_SCHEMA', 'search_path'],
  ['DB_SSLMODE', 'sslmode'],
]);

/**
 * Reads the panel's `bootstrap/cache/config.php`, without running it.
 *
 * @param folder the panel's folder
 * @returns `null` if there is no such file; never throws
 */
export function readCachedConfig(folder: string): CachedConfig | null {
  const file = join(folder, 'bootstrap', 'cache', 'config.php');
  try {
    if (statSync(file).size > MAX_BYTES) return unreadable(file, 'it is larger than 4 MiB');
    return fromConfig(file, parsePhpReturn(readFileSync(file, 'utf8')), folder);
  } catch (error) {
    if (error instanceof SyntaxError) return unreadable(file, error.message);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return unreadable(file, code === 'EACCES' ? 'this user may not read it' : code);
  }
}

function unreadable(file: string, reason: string): UnreadableCachedConfig {
  return Object.freeze({ readable: false, file, reason });
}

function fromConfig(file: string, config: PhpValue, folder: string): ReadableCachedConfig {
  return withHidden(
    {
      readable: true,
      file,
      timeZone: asText(at(config, 'app', 'timezone')),
      database: cachedDatabase(config, folder),
    },
    { appKey: asText(at(config, 'app', 'key')) },
  );
}

/** Goes through the reader of the variables, so that URLs and defaults mean the same in both places. */
function cachedDatabase(config: PhpValue, folder: string): DatabaseSettings | null {
  const name = asText(at(config, 'database', 'default'));
  if (name === null) return null;
  const variable = (wanted: string) => {
    if (wanted === 'DB_CONNECTION') return name;
    const key = CONNECTION_KEYS.get(wanted);
    return key === undefined ? null : asText(at(config, 'database', 'connections', name, key));
  };
  try {
    return databaseSettings(variable, folder);
  } catch (error) {
    if (error instanceof OperatorError) return null;
    throw error;
  }
}

function at(value: PhpValue, ...keys: string[]): PhpValue {
  return keys.reduce<PhpValue>(
    (inner, key) => (inner instanceof Map ? (inner.get(key) as PhpValue) : undefined),
    value,
  );
}

function asText(value: PhpValue): string | null {
  return value === undefined || value === null || typeof value === 'object' ? null : String(value);
}
