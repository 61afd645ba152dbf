import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import type { DatabaseName } from './cells.ts';
import { MariadbServer } from './mariadb-server.ts';
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

/** Starts both. A file has no replica. */
export async function startReplicated(on: DatabaseName): Promise<ReplicatedServer> {
  return on === 'postgres' ? startPostgres() : startMariadb();
}

async function startMariadb(): Promise<ReplicatedServer> {
  const primary = await MariadbServer.start({ options: ['--log-bin=changes', '--server-id=1'] });
  const { host, port, rootUser } = primary.address;
  const replica = await MariadbServer.start({
    ...{ host: replicaHost, port },
    options: ['--server-id=2', '--read-only=on'],
  }).catch(async (error) => {
    await primary.stop();
    throw error;
  });
  const ask = async (sql: string) => {
    const { rootUser: user, rootPassword: password } = replica.address;
    const connection = await createConnection({ host: replicaHost, port, user, password });
    await connection.query(sql);
    await connection.end();
  };
  await ask(
    `change master to master_host = '${host}', master_port = ${port}, master_user = '${rootUser}',
     master_connect_retry = 1, master_use_gtid = slave_pos`,
  );
  await ask('start slave');
  return {
    ...{ primary, replica },
    hold: () => ask('stop slave'),
    follow: () => ask('start slave'),
    stop: () => stopBoth(primary, replica),
  };
}

async function startPostgres(): Promise<ReplicatedServer> {
  const primary = await PostgresServer.start();
  const replica = await primary.startStandby(replicaHost).catch(async (error) => {
    await primary.stop();
    throw error;
  });
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

async function stopBoth(primary: PrivateServer, replica: PrivateServer): Promise<void> {
  await replica.stop();
  await primary.stop();
}
