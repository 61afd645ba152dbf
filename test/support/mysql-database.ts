import {
  type Connection,
  createConnection,
  createPool,
  type Pool,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import {
  type Row,
  randomName,
  type Seed,
  type ServerAddress,
  type SqlExecutor,
  type TestDatabase,
} from './test-database.ts';

/**
 * Creates an empty database with a random name.
 *
 * @param timeZone of its administrator's sessions, so that a test writes and reads what the panel would; null
 *   leaves the server's own
 */
export async function createMysqlDatabase(
  address: ServerAddress,
  timeZone: string | null = '+00:00',
): Promise<TestDatabase & { name: string }> {
  const name = randomName();
  const { host, port, rootUser: user, rootPassword: password } = address;
  const first = await createConnection({ host, port, user, password });
  await first.query(`create database ${name}`);
  await first.end();

  const pool = createPool({
    host,
    port,
    user,
    password,
    database: name,
    connectionLimit: 4,
    charset: 'utf8mb4_unicode_ci',
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    multipleStatements: true,
  });
  if (timeZone !== null) {
    pool.pool.on('connection', (connection) => connection.query('set time_zone = ?', [timeZone]));
  }
  return {
    name,
    ...executor(pool),
    refill: (tables, seed) => refill(pool, tables, seed),
    async drop() {
      await pool.query(`drop database ${name}`);
      await pool.end();
    },
  };
}

/** Whether a MySQL or MariaDB lets its administrator in. */
export async function letsIn(address: ServerAddress): Promise<boolean> {
  const { host, port, rootUser: user, rootPassword: password } = address;
  try {
    const connection = await createConnection({ host, port, user, password, connectTimeout: 1_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** MySQL's list of statements cannot be read while one of them holds a character of four bytes. It soon ends. */
function isUnreadableList(error: unknown, sql: string): boolean {
  return (error as { code?: unknown }).code === 'ER_CANNOT_CONVERT_STRING' && sql.includes('processlist');
}

function executor(connection: Connection | Pool): SqlExecutor {
  return {
    dialect: 'mysql',
    async query(sql, params = []) {
      for (;;) {
        try {
          const [rows] = await connection.query<RowDataPacket[]>(sql, [...params]);
          return rows as Row[];
        } catch (error) {
          if (!isUnreadableList(error, sql)) throw error;
        }
      }
    },
    async execute(sql, params = []) {
      const [result] = await connection.query<ResultSetHeader>(sql, [...params]);
      return result.affectedRows;
    },
  };
}

async function refill(pool: Pool, tables: readonly string[], seed: Seed): Promise<void> {
  const connection = await pool.getConnection();
  try {
    await connection.query('set foreign_key_checks = 0; start transaction');
    await connection.query(tables.map((table) => `delete from \`${table}\``).join(';'));
    await connection.query('set foreign_key_checks = 1');
    await seed(executor(connection));
    await connection.commit();
  } finally {
    await connection.query('rollback; set foreign_key_checks = 1');
    connection.release();
  }
}
