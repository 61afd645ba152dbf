import pg from 'pg';
import {
  type Row,
  randomName,
  type Seed,
  type ServerAddress,
  type SqlExecutor,
  type TestDatabase,
} from './test-database.ts';

/** How values are read, by type: what every test can compare, whatever the database. */
const parsers: Readonly<Record<number, (text: string) => string | number>> = {
  [pg.types.builtins.BOOL]: (text) => (text === 't' ? 1 : 0),
  [pg.types.builtins.INT8]: Number,
  [pg.types.builtins.NUMERIC]: Number,
  [pg.types.builtins.TIMESTAMP]: String,
  [pg.types.builtins.JSON]: String,
};

/**
 * Creates an empty database with a random name, in which nobody may do anything that is not granted. Its
 * administrator's sessions are in UTC and write times as the panel does, whatever the server's defaults are.
 */
export async function createPostgresDatabase(
  address: ServerAddress,
): Promise<TestDatabase & { name: string }> {
  const name = randomName();
  const { host, port, rootUser: user, rootPassword: password } = address;
  const onServer = async (statement: string) => {
    const client = new pg.Client({ host, port, user, password, database: 'postgres' });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await onServer(`create database ${name}`);
  // What everybody may do by default would hide a grant that is missing.
  await onServer(`revoke all on database ${name} from public`);

  const pool = new pg.Pool({
    ...{ host, port, user, password, database: name, max: 4 },
    options: '-c timezone=UTC -c datestyle=ISO',
    types: {
      getTypeParser: ((oid: number, format?: string) =>
        parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text')) as never,
    },
  });
  // A server that a test stops breaks the connections that nobody is using.
  pool.on('error', () => undefined);
  await pool.query('revoke all on schema public from public');
  return {
    name,
    ...executor(pool),
    refill: (tables, seed) => refill(pool, tables, seed),
    async drop() {
      await pool.end();
      // Clients of the tests may be on their way out still.
      await onServer(`drop database ${name} with (force)`);
    },
  };
}

function executor(connection: pg.Pool | pg.PoolClient): SqlExecutor {
  return {
    dialect: 'postgres',
    async query(sql, params = []) {
      const { rows } = await connection.query<Row>(withNumbers(sql), [...params]);
      return rows;
    },
    async execute(sql, params = []) {
      const { rowCount } = await connection.query(withNumbers(sql), [...params]);
      return rowCount ?? 0;
    },
  };
}

/** Question marks outside quotes become PostgreSQL's numbered parameters. */
function withNumbers(sql: string): string {
  let count = 0;
  return sql.replaceAll(/'[^']*'|"[^"]*"|\?/g, (part) => {
    if (part !== '?') return part;
    count += 1;
    return `$${count}`;
  });
}

async function refill(pool: pg.Pool, tables: readonly string[], seed: Seed): Promise<void> {
  const client = await pool.connect();
  try {
    // As a replica, the server does not look at foreign keys.
    const deletes = tables.map((table) => `delete from "${table}"`).join(';');
    await client.query(
      `begin isolation level read committed; set local session_replication_role = replica; ${deletes}`,
    );
    await client.query('set local session_replication_role = origin');
    await seed(executor(client));
    await client.query('commit');
  } finally {
    await client.query('rollback');
    client.release();
  }
}
