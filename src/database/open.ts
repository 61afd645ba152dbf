import { firstLine, OperatorError } from '../operator-error.ts';
import type { DatabaseSettings, MysqlSettings, PgsqlSettings } from '../panel/env/database-settings.ts';
import type { Database, SessionSettings } from './database.ts';
import type { DatabaseLimits } from './limits.ts';

/**
 * Opens the database the panel's settings name. Its driver is loaded here, as the others would take up time and memory
 * to no end.
 *
 * @param tables Names of all tables used, without DB_PREFIX.
 * @throws OperatorError for a file that can't be read.
 */
export async function openDatabase(
  settings: DatabaseSettings,
  limits: DatabaseLimits,
  session: SessionSettings,
  tables: readonly string[],
): Promise<Database> {
  switch (settings.driver) {
    case 'mysql':
      return (await import('./mysql.ts')).openMysql(settings, limits, session, tables);
    case 'sqlite':
      return (await import('./sqlite.ts')).openSqlite(settings.file, settings.prefix, limits, tables);
    case 'pgsql':
      return (await import('./postgres.ts')).openPostgres(settings, limits, tables);
  }
}

/** The same database on another host. */
export function atHost<Settings extends MysqlSettings | PgsqlSettings>(
  settings: Settings,
  host: string,
): Settings {
  // Its password is not enumerable; a socket would lead to the first host.
  const moved = { host, ...(settings.driver === 'mysql' ? { socket: null } : {}) };
  return Object.create(settings, Object.getOwnPropertyDescriptors(moved)) as Settings;
}

/** Where a database is, for people: `127.0.0.1:3306/panel`, a socket, or a file. No secret. */
export function describeDatabase(settings: DatabaseSettings): string {
  if (settings.driver === 'sqlite') return settings.file;
  const socket = settings.driver === 'mysql' ? settings.socket : null;
  return `${socket ?? `${settings.host}:${settings.port}`}/${settings.database}`;
}

/** What to tell an operator whose database can't be used, in one line. */
export function explainConnectFailure(error: unknown, settings: DatabaseSettings): OperatorError {
  if (error instanceof OperatorError) return error;
  const { code } = error as { code?: unknown };
  const where = describeDatabase(settings);
  const user = settings.driver === 'sqlite' ? '' : settings.user;
  switch (code) {
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
    case '28P01':
      return new OperatorError(`${where} refused the user "${user}": check DB_USERNAME and DB_PASSWORD`);
    case '28000':
      // Its rules, too, let in only some users, from some addresses, some of them only encrypted: it says which it was.
      return new OperatorError(
        `${where} refused the user "${user}": ${firstLine(error)}: check DB_USERNAME, DB_SSLMODE and pg_hba.conf`,
      );
    case 'ER_DBACCESS_DENIED_ERROR':
      return new OperatorError(`the user "${user}" may not use ${where}: check its grants and DB_DATABASE`);
    case 'ER_BAD_DB_ERROR':
    case '3D000':
      return new OperatorError(`there is no database ${where}: check DB_DATABASE`);
    case 'ER_HOST_NOT_PRIVILEGED':
      return new OperatorError(`${where} accepts no connections from this machine: check the user's host`);
    case 'ECONNREFUSED':
    case 'ENOENT':
      return new OperatorError(
        `nothing answers at ${where}: is the database running, are DB_HOST and DB_PORT right?`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(`the host of ${where} is not known: check DB_HOST`);
    default: {
      const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
      return new OperatorError(`cannot use the database ${where}: ${reason}`);
    }
  }
}
