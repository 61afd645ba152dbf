import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OperatorError } from '../../operator-error.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { type Printable, withHidden } from './hidden.ts';
import { envBoolean, envString } from './value.ts';

/** Files and strictness of an encrypted connection to MySQL or MariaDB (`MYSQL_ATTR_SSL_*`). */
export interface TlsSettings {
  /** absolute path of the certificate authority's file */
  readonly ca: string | null;
  /** absolute path of the client certificate's file */
  readonly cert: string | null;
  /** absolute path of the client key's file */
  readonly key: string | null;
  /** whether the server's certificate must be valid */
  readonly verify: boolean;
}

/** The panel's database on MySQL or MariaDB. Printing it does not show the password. */
export interface MysqlSettings extends Printable {
  readonly driver: 'mysql';
  /** the panel's name for the connection */
  readonly connection: 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  /** path of a Unix socket, used in place of host and port, or `null` */
  readonly socket: string | null;
  readonly database: string;
  readonly user: string;
  /** not enumerable: a spread copy is without it */
  readonly password: string;
  /** in front of every table's name, usually empty */
  readonly prefix: string;
  readonly charset: string;
  readonly collation: string;
  /** session time zone that DB_TIMEZONE sets, or `null` */
  readonly timeZone: string | null;
  readonly tls: TlsSettings | null;
}

/** The panel's database on PostgreSQL. Printing it does not show the password. */
export interface PgsqlSettings extends Printable {
  readonly driver: 'pgsql';
  readonly connection: 'pgsql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** not enumerable: a spread copy is without it */
  readonly password: string;
  /** in front of every table's name, usually empty */
  readonly prefix: string;
  readonly charset: string;
  readonly schema: string;
  readonly sslMode: SslMode;
}

/** Whether connections are encrypted: never, where the server can, always, or always and only to a trusted server. */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify';

/** The panel's database in a SQLite file. */
export interface SqliteSettings {
  readonly driver: 'sqlite';
  readonly connection: 'sqlite';
  /** absolute path */
  readonly file: string;
  /** in front of every table's name, usually empty */
  readonly prefix: string;
}

/** Where the panel's database is and how to log in. */
export type DatabaseSettings = MysqlSettings | PgsqlSettings | SqliteSettings;

/** Value of an environment variable as it is written, or `null` if it is not set. */
export type Variable = (name: string) => string | null;

/**
 * The panel's database settings from the variables that its `config/database.php` reads. What is not set or
 * empty has Pterodactyl's default (for PostgreSQL, which only Pelican offers, Pelican's).
 *
 * Without DB_CONNECTION the database is MySQL, except where neither an address nor a URL is set and the folder
 * holds `database/database.sqlite`: that is a Pelican which was left at its default.
 *
 * @param variable value of a variable after precedence
 * @param folder the panel's folder, absolute: relative paths start there
 * @throws OperatorError for an unknown connection, a port that is none, a malformed URL or a database in
 *   memory; the message holds no secret
 */
export function databaseSettings(variable: Variable, folder: string): DatabaseSettings {
  const urlVariable = envString(variable('DB_URL')) === '' ? 'DATABASE_URL' : 'DB_URL';
  const urlText = envString(variable(urlVariable));
  const url = urlText === '' ? null : parseDatabaseUrl(urlText, urlVariable);
  const text = (name: string, otherwise = '') =>
    url?.variables.get(name) || envString(variable(name)) || otherwise;

  switch (connectionName(url?.connection ?? null, text, folder)) {
    case 'mysql':
      return mysqlSettings('mysql', text, variable, folder);
    case 'mariadb':
      return mysqlSettings('mariadb', text, variable, folder);
    case 'pgsql':
      return pgsqlSettings(text);
    case 'sqlite':
      // A path in a URL starts at the panel's folder, one in DB_DATABASE at its database folder.
      return sqliteSettings(text, url?.variables.has('DB_DATABASE') ? folder : join(folder, 'database'));
  }
}

/** Value of a variable after the URL's override and `env()`, or the default where it is empty or not set. */
type Text = (name: string, otherwise?: string) => string;

type ConnectionName = DatabaseSettings['connection'];

const CONNECTIONS: readonly ConnectionName[] = ['mysql', 'mariadb', 'pgsql', 'sqlite'];

function connectionName(fromUrl: ConnectionName | null, text: Text, folder: string): ConnectionName {
  if (fromUrl !== null) return fromUrl;
  const written = text('DB_CONNECTION');
  if (written === '') {
    const file = resolve(folder, 'database', text('DB_DATABASE', 'database.sqlite'));
    const untouched = text('DB_HOST') === '' && existsSync(file);
    return untouched ? 'sqlite' : 'mysql';
  }
  const known = CONNECTIONS.find((name) => name === written);
  if (known === undefined) {
    throw new OperatorError(
      `DB_CONNECTION is ${JSON.stringify(written.slice(0, 40))}, but must be one of ${CONNECTIONS.join(', ')}`,
    );
  }
  return known;
}

function mysqlSettings(
  connection: 'mysql' | 'mariadb',
  text: Text,
  variable: Variable,
  folder: string,
): MysqlSettings {
  return withHidden(
    {
      driver: 'mysql',
      connection,
      host: text('DB_HOST', '127.0.0.1'),
      port: port(text('DB_PORT', '3306')),
      socket: text('DB_SOCKET') || null,
      database: text('DB_DATABASE', 'panel'),
      user: text('DB_USERNAME', 'pterodactyl'),
      prefix: text('DB_PREFIX'),
      charset: text('DB_CHARSET', 'utf8mb4'),
      collation: text('DB_COLLATION', 'utf8mb4_unicode_ci'),
      timeZone: text('DB_TIMEZONE') || null,
      tls: tlsSettings(text, variable, folder),
    },
    { password: text('DB_PASSWORD') },
  );
}

/** Encryption is on as soon as one of the files is named, as in the panel. */
function tlsSettings(text: Text, variable: Variable, folder: string): TlsSettings | null {
  const file = (name: string) => (text(name) === '' ? null : resolve(folder, text(name)));
  const ca = file('MYSQL_ATTR_SSL_CA');
  const cert = file('MYSQL_ATTR_SSL_CERT');
  const key = file('MYSQL_ATTR_SSL_KEY');
  if (ca === null && cert === null && key === null) return null;
  return Object.freeze({
    ca,
    cert,
    key,
    verify: envBoolean(variable('MYSQL_ATTR_SSL_VERIFY_SERVER_CERT') ?? 'true'),
  });
}

function pgsqlSettings(text: Text): PgsqlSettings {
  return withHidden(
    {
      driver: 'pgsql',
      connection: 'pgsql',
      host: text('DB_HOST', '127.0.0.1'),
      port: port(text('DB_PORT', '5432')),
      database: text('DB_DATABASE', 'panel'),
      user: text('DB_USERNAME', 'pelican'),
      prefix: text('DB_PREFIX'),
      charset: text('DB_CHARSET', 'utf8'),
      schema: text('DB_SCHEMA', 'public'),
      sslMode: sslMode(text('DB_SSLMODE', 'prefer')),
    },
    { password: text('DB_PASSWORD') },
  );
}

/** libpq's modes; those that differ in nothing here are one. */
const sslModes: ReadonlyMap<string, SslMode> = new Map([
  ['disable', 'disable'],
  ['allow', 'prefer'],
  ['prefer', 'prefer'],
  ['require', 'require'],
  ['verify-ca', 'verify'],
  ['verify-full', 'verify'],
]);

function sslMode(text: string): SslMode {
  const mode = sslModes.get(text);
  if (mode === undefined) {
    throw new OperatorError(
      `DB_SSLMODE (or sslmode in DB_URL) must be one of ${[...sslModes.keys()].join(', ')}`,
    );
  }
  return mode;
}

function sqliteSettings(text: Text, base: string): SqliteSettings {
  const path = text('DB_DATABASE', 'database.sqlite');
  if (path === ':memory:') {
    throw new OperatorError(
      'DB_DATABASE is ":memory:", a database that only the panel\'s own process can see: use a file',
    );
  }
  return Object.freeze({
    driver: 'sqlite',
    connection: 'sqlite',
    file: resolve(base, path),
    prefix: text('DB_PREFIX'),
  });
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65535) {
    throw new OperatorError('DB_PORT (or the port in DB_URL) must be a whole number from 1 to 65535');
  }
  return number;
}
