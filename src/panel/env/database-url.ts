import { OperatorError } from '../../operator-error.ts';

/** Parts of a database URL, under the names of the variables that they override. */
export interface DatabaseUrl {
  /** the connection that the URL's scheme stands for */
  readonly connection: 'mysql' | 'mariadb' | 'pgsql' | 'sqlite';
  /** DB_HOST, DB_PORT, … with percent-decoded values; only what the URL names */
  readonly variables: ReadonlyMap<string, string>;
}

/** Schemes that Laravel knows, with its aliases. */
const SCHEMES: ReadonlyMap<string, DatabaseUrl['connection']> = new Map([
  ['mysql', 'mysql'],
  ['mysql2', 'mysql'],
  ['mariadb', 'mariadb'],
  ['pgsql', 'pgsql'],
  ['postgres', 'pgsql'],
  ['postgresql', 'pgsql'],
  ['sqlite', 'sqlite'],
  ['sqlite3', 'sqlite'],
]);

/** Query parameters of the URL: Laravel takes them as keys of the connection's configuration. */
const QUERY: ReadonlyMap<string, string> = new Map([
  ['unix_socket', 'DB_SOCKET'],
  ['prefix', 'DB_PREFIX'],
  ['charset', 'DB_CHARSET'],
  ['collation', 'DB_COLLATION'],
  ['timezone', 'DB_TIMEZONE'],
  ['search_path', 'DB_SCHEMA'],
  ['sslmode', 'DB_SSLMODE'],
]);

/**
 * Reads a database URL as Laravel does: `mysql://user:password@host:3306/panel?charset=utf8mb4`,
 * `sqlite:////absolute/path`, `sqlite:///path/from/the/panel's/folder`.
 *
 * @param text the URL
 * @param variable the variable's name, for messages
 * @throws OperatorError without the URL, which holds a password
 */
export function parseDatabaseUrl(text: string, variable: string): DatabaseUrl {
  const parts = /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(text);
  const authority = /^(?:([^:@]*)(?::(.*))?@)?(\[[^\]]*\]|[^:@]*)(?::(\d+))?$/s.exec(parts?.[2] ?? '');
  if (parts === null || authority === null) {
    throw new OperatorError(
      `${variable} is malformed: write mysql://user:password@host:3306/panel, special characters as %XX`,
    );
  }
  const connection = SCHEMES.get(parts[1] ?? '');
  if (connection === undefined) {
    throw new OperatorError(
      `${variable} must begin with one of ${[...SCHEMES.keys()].join(', ')}, then "://"`,
    );
  }

  const [, user, password, host, port] = authority;
  const named: [string, string | undefined][] = [
    ['DB_USERNAME', user],
    ['DB_PASSWORD', password],
    ['DB_HOST', host?.replace(/^\[(.*)\]$/, '$1')],
    ['DB_PORT', port],
    ['DB_DATABASE', parts[3]?.slice(1)],
  ];
  const variables = new Map<string, string>();
  for (const [name, value] of named) if (value) variables.set(name, percentDecoded(value));
  for (const [name, value] of new URLSearchParams(parts[4])) {
    const target = QUERY.get(name);
    if (target !== undefined) variables.set(target, value);
  }
  return { connection, variables };
}

/** Like PHP's rawurldecode(): a "%" that begins no valid sequence stays. */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (sequence) =>
    Buffer.from(sequence.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
