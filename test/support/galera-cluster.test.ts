import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect, onTestFinished, test } from 'vitest';
import { GaleraCluster, type GaleraNode } from './galera-cluster.ts';
import { until } from './sidecar.ts';

async function connect({ address }: GaleraNode) {
  const { host, port, rootUser: user, rootPassword: password } = address;
  const connection = await createConnection({ host, port, user, password });
  onTestFinished(() => connection.end());
  return async (sql: string) => (await connection.query<RowDataPacket[]>(sql))[0];
}

test('what either node writes, the other has', async () => {
  const cluster = await GaleraCluster.start();
  onTestFinished(() => cluster.stop());
  const [first, second] = [await connect(cluster.nodes[0]), await connect(cluster.nodes[1])];
  await first('create database shared');
  await until(async () => (await second("show databases like 'shared'")).length === 1);
  await second('create table shared.words (word varchar(9) primary key)');
  await second("insert into shared.words values ('hello')");
  await until(async () => (await first('select word from shared.words').catch(() => [])).length === 1);
  expect(await first("show status like 'wsrep_cluster_size'")).toMatchObject([{ Value: '2' }]);
});
