import { sql } from 'kysely';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Database, Queries } from '../../src/database/database.ts';
import { classifyFailure } from '../../src/database/errors.ts';
import { openDatabase } from '../../src/database/open.ts';
import { databaseSettings } from '../../src/panel/env/database-settings.ts';
import { GaleraCluster } from '../support/galera-cluster.ts';

let cluster: GaleraCluster;
let database: Database;
beforeAll(async () => {
  cluster = await GaleraCluster.start();
  const { host, port, rootUser: user, rootPassword: password } = cluster.nodes[0].address;
  const first = await createConnection({ host, port, user, password });
  await first.query('create database words');
  await first.query('create table words.sidecar_words (id int primary key)');
  await first.end();
  const variables = new Map<string, string>([
    ...([
      ['DB_CONNECTION', 'mysql'],
      ['DB_HOST', host],
      ['DB_PORT', String(port)],
    ] as const),
    ...([
      ['DB_DATABASE', 'words'],
      ['DB_USERNAME', user],
      ['DB_PASSWORD', password],
    ] as const),
  ]);
  const settings = databaseSettings((name) => variables.get(name) ?? null, '/');
  const limits = { timeoutMs: 5000, poolSize: 1 };
  database = await openDatabase(settings, limits, { timeZone: null }, []);
  await database.ping();
});
afterAll(async () => {
  await database?.close();
  await cluster?.stop();
});

const insert = (queries: Queries, id: number) =>
  sql`insert into sidecar_words values (${id})`.execute(queries);

/** What others see. */
async function stored(): Promise<number[]> {
  const { host, port, rootUser: user } = cluster.nodes[0].address;
  const connection = await createConnection({ host, port, user, database: 'words' });
  onTestFinished(() => connection.end());
  const [rows] = await connection.query<RowDataPacket[]>('select id from sidecar_words order by id');
  return rows.map(({ id }) => Number(id));
}

// As a node does to one that another takes precedence of, where it forgets to tell.
const endInSilence = (queries: Queries) => sql.raw('ROLLBACK').execute(queries);

test('a transaction that a node has ended in silence is run again, whole', async () => {
  let runs = 0;
  await database.transaction(async (queries) => {
    runs += 1;
    await insert(queries, 1);
    if (runs === 1) await endInSilence(queries);
    await insert(queries, 2);
  });
  expect(runs).toBe(2);
  expect(await stored()).toEqual([1, 2]);
});

test('one that never gets through changes nothing, and ends as a conflict', async () => {
  let runs = 0;
  const failing = database.transaction(async (queries) => {
    runs += 1;
    await endInSilence(queries);
    await insert(queries, 3);
  });
  expect(classifyFailure(await failing.catch((error: unknown) => error))).toBe('conflict');
  expect(runs).toBe(20);
  expect(await stored()).toEqual([1, 2]);
});

test('what follows a transaction on its connection is committed by itself', async () => {
  await database.transaction((queries) => insert(queries, 4));
  await insert(database.queries, 5);
  await database.transaction((queries) => insert(queries, 4)).catch(() => undefined);
  await insert(database.queries, 6);
  expect(await stored()).toEqual([1, 2, 4, 5, 6]);
});

test('a node that takes no statements for now is a database that is away', async () => {
  const { host, port, rootUser: user } = cluster.nodes[0].address;
  const admin = await createConnection({ host, port, user });
  onTestFinished(() => admin.end());
  await admin.query('set global wsrep_reject_queries = all');
  const refused = await insert(database.queries, 7).catch((error: unknown) => error);
  await admin.query('set global wsrep_reject_queries = none');
  expect(classifyFailure(refused)).toBe('unavailable');
  await insert(database.queries, 7);
  expect(await stored()).toContain(7);
});

test('the version tells of the cluster', async () => {
  expect(await database.version()).toMatch(/^MariaDB .*, one of 2 Galera nodes$/);
});
