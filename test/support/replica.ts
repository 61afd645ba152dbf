import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import type { DatabaseName } from './cells.ts';
import { MariadbServer } from './mariadb-server.ts';
import { MysqlServer } from './mysql-server.ts';
import { PostgresServer } from './postgres-server.ts';
import type { PrivateServer } from './private-server.ts';
import type { ServerAddress } from './test-database.ts';

/** A server and another one that repeats all it does, at the same port of another address. */
export interface ReplicatedServer {
  readonly primary: PrivateServer & { readonly address: ServerAddress };
  readonly replica: PrivateServer & { readonly address: ServerAddress };
  /** Has the replica fall behind: it repeats nothing more. */
  hold(): Promise<void>;
  /** Has it catch up and go on. */
  follow(): Promise<void>;
  /** Ends both. */
  stop(): Promise<void>;
}

const replicaHost = '127.0.0.2';

const starters: Readonly<Partial<Record<DatabaseName, () => Promise<ReplicatedServer>>>> = {
  mariadb: startMariadb,
  mysql: startMysql,
  postgres: startPostgres,
};

/** Starts both. A file has no replica. */
export async function startReplicated(on: DatabaseName): Promise<ReplicatedServer> {
  const start = starters[on];
  if (start === undefined) throw new Error(`${on} has no replica`);
  return start();
}

async function startMariadb(): Promise<ReplicatedServer> {
  const primary = await MariadbServer.start({ options: ['--log-bin=changes', '--server-id=1'] });
  const { host, port, rootUser } = primary.address;
  const replica = await orEnd(
    primary,
    MariadbServer.start({
      ...{ host: replicaHost, port },
      options: ['--server-id=2', '--read-only=on'],
    }),
  );
  await askMysql(
    replica.address,
    `change master to master_host = '${host}', master_port = ${port}, master_user = '${rootUser}',
     master_connect_retry = 1, master_use_gtid = slave_pos`,
  );
  await askMysql(replica.address, 'start slave');
  return {
    ...{ primary, replica },
    hold: () => askMysql(replica.address, 'stop slave'),
    follow: () => askMysql(replica.address, 'start slave'),
    stop: () => stopBoth(primary, replica),
  };
}

async function startMysql(): Promise<ReplicatedServer> {
  const numbered = ['--gtid-mode=ON', '--enforce-gtid-consistency=ON'];
  const primary = await MysqlServer.start({ options: ['--log-bin=changes', '--server-id=1', ...numbered] });
  const { host, port, rootUser, rootPassword } = primary.address;
  const replica = await orEnd(
    primary,
    MysqlServer.start({
      ...{ host: replicaHost, port },
      options: ['--server-id=2', '--read-only=ON', ...numbered],
    }),
  );
  await askMysql(
    replica.address,
    `change replication source to source_host = '${host}', source_port = ${port}, source_user = '${rootUser}',
     source_password = '${rootPassword}', source_connect_retry = 1, source_auto_position = 1,
     get_source_public_key = 1`,
  );
  await askMysql(replica.address, 'start replica');
  return {
    ...{ primary, replica },
    hold: () => askMysql(replica.address, 'stop replica'),
    follow: () => askMysql(replica.address, 'start replica'),
    stop: () => stopBoth(primary, replica),
  };
}

async function askMysql(address: ServerAddress, sql: string): Promise<void> {
  const { host, port, rootUser: user, rootPassword: password } = address;
  const connection = await createConnection({ host, port, user, password });
  await connection.query(sql);
  await connection.end();
}

async function startPostgres(): Promise<ReplicatedServer> {
  const primary = await PostgresServer.start();
  const replica = await orEnd(primary, primary.startStandby(replicaHost));
  const ask = async (sql: string) => {
    const { port, rootUser: user, rootPassword: password } = replica.address;
    const client = new pg.Client({ host: replicaHost, port, user, password, database: 'postgres' });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  return {
    ...{ primary, replica },
    hold: () => ask('select pg_wal_replay_pause()'),
    follow: () => ask('select pg_wal_replay_resume()'),
    stop: () => stopBoth(primary, replica),
  };
}

/** Ends the primary where the replica does not start. */
async function orEnd<Server>(primary: PrivateServer, starting: Promise<Server>): Promise<Server> {
  try {
    return await starting;
  } catch (error) {
    await primary.stop();
    throw error;
  }
}

async function stopBoth(primary: PrivateServer, replica: PrivateServer): Promise<void> {
  await replica.stop();
  await primary.stop();
}
