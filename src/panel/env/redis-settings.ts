import { type Printable, withHidden } from './hidden.ts';
import { envString } from './value.ts';

/** The panel's Redis. Printing it does not show the password. */
export interface RedisSettings extends Printable {
  readonly host: string;
  readonly port: number;
  /** path of a Unix socket, used in place of host and port, or `null` */
  readonly path: string | null;
  readonly username: string | null;
  /** not enumerable: a spread copy is without it */
  readonly password: string | null;
  readonly database: number;
  readonly tls: boolean;
}

/** What the panel may keep in Redis: its cache, sessions and queue. The older names hold where the newer are not set. */
const users = [
  ['CACHE_STORE', 'CACHE_DRIVER'],
  ['SESSION_DRIVER'],
  ['QUEUE_CONNECTION', 'QUEUE_DRIVER'],
] as const;

/** Where the panel's installers look for a socket. */
const usualSocket = '/run/redis/redis.sock';

/**
 * Where the panel's Redis is, by the variables that its `config/database.php` reads for the connection
 * `default`; `null` where the panel keeps nothing in Redis, as REDIS_HOST stands in every `.env`.
 *
 * @param variable value of a variable after precedence
 */
export function redisSettings(variable: (name: string) => string | null): RedisSettings | null {
  const text = (name: string) => envString(variable(name)) || null;
  const isUsed = users.some((names) => names.map(text).find((value) => value !== null) === 'redis');
  if (!isUsed) return null;
  // A host may be written with its scheme, as PHP's extension takes it.
  const [, scheme = text('REDIS_SCHEME') ?? 'tcp', host = ''] =
    /^(?:(\w+):\/\/)?(.*)$/s.exec(text('REDIS_HOST') ?? '127.0.0.1') ?? [];
  return withHidden(
    {
      host,
      port: toNumber(text('REDIS_PORT')) || 6379,
      path: socketOf(scheme, host, text('REDIS_PATH')),
      username: text('REDIS_USERNAME'),
      database: toNumber(text('REDIS_DATABASE')),
      tls: scheme === 'tls' || scheme === 'rediss',
    },
    { password: text('REDIS_PASSWORD') },
  );
}

function socketOf(scheme: string, host: string, path: string | null): string | null {
  if (host.startsWith('/')) return host;
  return scheme === 'unix' ? (path ?? usualSocket) : null;
}

/** 0 for what is no port and no database. */
function toNumber(text: string | null): number {
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : 0;
}
