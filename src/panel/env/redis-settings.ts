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

/**
 * Where the panel's Redis is, by the variables its `config/database.php` reads; `null` where REDIS_HOST is not
 * set, as then the panel uses none.
 *
 * @param variable value of a variable after precedence
 */
export function redisSettings(variable: (name: string) => string | null): RedisSettings | null {
  const text = (name: string) => envString(variable(name)) || null;
  const host = text('REDIS_HOST');
  if (host === null) return null;
  const port = Number(text('REDIS_PORT') ?? 6379);
  return withHidden(
    {
      host: host.replace(/^(?:tls|rediss|redis|tcp):\/\//, ''),
      port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : 6379,
      path: text('REDIS_PATH') ?? (host.startsWith('/') ? host : null),
      username: text('REDIS_USERNAME'),
      database: Number(text('REDIS_DB') ?? 0) || 0,
      tls: text('REDIS_SCHEME') === 'tls' || /^(?:tls|rediss):/.test(host),
    },
    { password: text('REDIS_PASSWORD') },
  );
}
