import { readFileSync } from 'node:fs';
import { createPool, type Pool, type PoolOptions, type SslOptions } from 'mysql2';
import { OperatorError } from '../operator-error.ts';
import type { MysqlSettings } from '../panel/env/database-settings.ts';
import type { SessionSettings } from './database.ts';
import { galeraQuestion, isGaleraNode } from './galera.ts';
import type { DatabaseLimits } from './limits.ts';

/**
 * Statements each connection keeps prepared: those of shared round trips in all their sizes, and some more. A
 * server keeps 16,382 for all its clients together, unless told otherwise.
 */
const preparedPerConnection = 200;

/** A pool, and what its latest session was found to be like. */
export interface MysqlPool {
  readonly pool: Pool;
  /** Why it could not be set up; null where it could. */
  readonly setUpFailure: () => unknown;
  /** Whether its server is a node of a Galera cluster; false before there is one. */
  readonly isGaleraNode: () => boolean;
}

/**
 * A pool of sessions that are set up as the panel and this service need them. It connects when asked to.
 *
 * @throws OperatorError where a TLS file named in the panel's settings can't be read.
 */
export function openMysqlPool(
  settings: MysqlSettings,
  limits: DatabaseLimits,
  session: SessionSettings,
): MysqlPool {
  const pool = createPool(poolOptions(settings, limits));
  const setUp = sessionStatement(limits, session);
  let setUpFailure: unknown = null;
  let isNode = false;
  pool.on('connection', (connection) => {
    connection.query(setUp, (error) => {
      setUpFailure = error;
      // A session that could not be set up would read and write shifted times: never hand it out.
      if (error) (connection as unknown as { destroy(): void }).destroy();
    });
    // Where it fails, the server's own way stays.
    connection.query(latestReads, () => undefined);
    // Of each session: a server that has become a cluster's has been started anew.
    connection.query(galeraQuestion, (error, rows) => {
      if (!error) isNode = isGaleraNode(rows);
    });
  });
  return { pool, setUpFailure: () => setUpFailure, isGaleraNode: () => isNode };
}

/**
 * The statement every session begins with. The SQL mode is fixed so that a value too long or out of range is
 * an error here, never cut short in silence, whatever the server's default is.
 */
function sessionStatement(limits: DatabaseLimits, session: SessionSettings): string {
  const seconds = Math.max(1, Math.floor(limits.timeoutMs / 1000));
  const zone = session.timeZone === null ? '' : `, time_zone = '${session.timeZone.replaceAll("'", "''")}'`;
  return `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    innodb_lock_wait_timeout = ${seconds}${zone}${endOfStatements(limits)}`;
}

/**
 * Has each statement of a transaction see what has been committed by then, as on the other databases: a transaction may
 * have waited for others, and ports that it found free before may be a server's now. Locking the panel's rows would do as
 * well, but then statements of the panel's could end as deadlocks. A server whose binary log holds statements refuses
 * changes in such transactions, and keeps the usual ones. The two name the variable differently; each reads only the comment
 * that is meant for it.
 */
const latestReads = `SET SESSION /*M!100101 tx_isolation = */ /*!50720 transaction_isolation = */
  IF(@@log_bin AND @@binlog_format = 'STATEMENT', 'REPEATABLE-READ', 'READ-COMMITTED')`;

/**
 * So that a server does not work on for a caller who has given up. MariaDB and MySQL name the limit
 * differently; each reads only the comment that is meant for it.
 */
function endOfStatements({ timeoutMs }: DatabaseLimits): string {
  const onMariadb = `/*M!100101 , max_statement_time = ${timeoutMs / 1000} */`;
  return `${onMariadb} /*!50708 , max_execution_time = ${timeoutMs} */`;
}

function poolOptions(settings: MysqlSettings, limits: DatabaseLimits): PoolOptions {
  const address = settings.socket
    ? { socketPath: settings.socket }
    : { host: settings.host, port: settings.port };
  return {
    ...address,
    user: settings.user,
    password: settings.password,
    database: settings.database,
    charset: 'utf8mb4_unicode_ci',
    dateStrings: true,
    jsonStrings: true,
    connectionLimit: limits.poolSize,
    connectTimeout: limits.timeoutMs,
    maxPreparedStatements: preparedPerConnection,
    ...(settings.tls === null ? {} : { ssl: tlsOptions(settings.tls) }),
  };
}

function tlsOptions(tls: NonNullable<MysqlSettings['tls']>): SslOptions {
  const file = (path: string | null) => {
    if (path === null) return {};
    try {
      return readFileSync(path, 'utf8');
    } catch {
      throw new OperatorError(`cannot read ${path}, which the panel's MYSQL_ATTR_SSL_* settings name`);
    }
  };
  return {
    ...(tls.ca === null ? {} : { ca: file(tls.ca) as string }),
    ...(tls.cert === null ? {} : { cert: file(tls.cert) as string }),
    ...(tls.key === null ? {} : { key: file(tls.key) as string }),
    rejectUnauthorized: tls.verify,
  };
}
