import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import { recordedCredentials } from './recorded-keys.ts';
import { seedRecordedState } from './recorded-state.ts';

type Recording = {
  name: string;
  request: { as: unknown };
  // Bodies differ from endpoint to endpoint; each test knows the one that it reads.
  response: { body: { data: { attributes: Record<string, unknown> }[] } };
  database: { activity: { event: string; properties: { identifier: string } }[] };
};

const recordings: Recording[] = readFileSync(
  new URL('../recorded/pterodactyl.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

function recordedList(name: string): Record<string, unknown>[] {
  const recording = recordings.find((candidate) => candidate.name === name);
  return (recording?.response.body.data ?? []).map((item) => item.attributes);
}

function recordedNodes(name: string): unknown[] {
  const attributes = recordedList(name) as { relationships: { node: { attributes: unknown } } }[];
  return attributes.map((allocation) => allocation.relationships.node.attributes);
}

const atom = (time: unknown) => (time === null ? null : `${String(time).replace(' ', 'T')}+00:00`);

describe.each(['mariadb', 'sqlite'] as const)('the recorded state on %s', (on) => {
  let db: PanelDatabase;

  beforeAll(async () => {
    db = await createPanelDatabase('pterodactyl', on);
    // Twice: the second time it must replace the first.
    await db.reset((executor) => seedRecordedState(executor, (secret) => `old ${secret}`));
    await db.reset((executor) => seedRecordedState(executor, (secret) => `encrypted ${secret}`));
  });

  afterAll(() => db.drop());

  test.each([
    ['free small node include node', 2001],
    ['free ?page=2', 2003],
    ['free ?page=3', 2003],
    ['free empty node', 2002],
  ])('has the free ports of the answer to "%s"', async (name, node) => {
    const rows = await db.query(
      `select id, ip, ip_alias as alias, port, notes from allocations
       where node_id = ? and server_id is null order by id`,
      [node],
    );
    const expected = recordedList(name).map(({ relationships: _, ...attributes }) => attributes);
    const first = rows.findIndex((row) => row.id === expected[0]?.id);
    const page = expected.length === 0 ? rows : rows.slice(first, first + expected.length);

    expect(page.map((row) => ({ ...row, assigned: false }))).toEqual(expected);
  });

  test.each([
    ['free small node include node', 2001],
    ['free ?include=node', 2003],
  ])('has the node of the answer to "%s"', async (name, id) => {
    const [node] = await db.query('select * from nodes where id = ?', [id]);
    const [sums] = await db.query(
      'select coalesce(sum(memory), 0) as memory, coalesce(sum(disk), 0) as disk from servers where node_id = ?',
      [id],
    );
    if (!node || !sums) throw new Error('no such node');
    const { daemon_token: _, daemon_token_id: __, daemonListen, daemonSFTP, daemonBase, ...shown } = node;
    const expected = {
      ...shown,
      public: node.public === 1,
      behind_proxy: node.behind_proxy === 1,
      maintenance_mode: node.maintenance_mode === 1,
      daemon_listen: daemonListen,
      daemon_sftp: daemonSFTP,
      daemon_base: daemonBase,
      created_at: atom(node.created_at),
      updated_at: atom(node.updated_at),
      allocated_resources: { memory: Number(sums.memory), disk: Number(sums.disk) },
    };

    expect(recordedNodes(name)[0]).toEqual(expected);
  });

  test('has the keys of the answer to "auth list as full"', async () => {
    const rows = await db.query('select * from api_keys where user_id = 1003 and key_type = 1 order by id');
    const shown = rows.map((row) => ({
      identifier: row.identifier,
      description: row.memo,
      allowed_ips: row.allowed_ips === null ? null : JSON.parse(String(row.allowed_ips)),
      last_used_at: atom(row.last_used_at),
      created_at: atom(row.created_at),
    }));

    expect(shown).toEqual(recordedList('auth list as full'));
  });

  test('has 17 keys, each with its own encrypted secret and levels', async () => {
    const rows = await db.query('select * from api_keys order by id');

    expect(rows.map((row) => [row.identifier, row.token])).toEqual(
      Object.values(recordedCredentials).map(({ identifier, secret }) => [identifier, `encrypted ${secret}`]),
    );
    expect(
      rows.map((row) => [row.memo, row.user_id, row.key_type, row.r_users, row.r_allocations, row.r_nests]),
    ).toEqual([
      ['full', 1001, 2, 3, 3, 3],
      ['ro', 1001, 2, 1, 1, 1],
      ['wo', 1001, 2, 2, 2, 2],
      ['none', 1001, 2, 0, 0, 0],
      ['usersOnly', 1001, 2, 3, 0, 0],
      ['allocOnly', 1001, 2, 0, 3, 0],
      ['ipLocked', 1001, 2, 3, 3, 3],
      ['ipOk', 1001, 2, 3, 3, 3],
      ['expired', 1001, 2, 3, 3, 3],
      ['notYetExpired', 1001, 2, 3, 3, 3],
      ['demoted', 1002, 2, 3, 3, 3],
      ['totpAdmin', 1006, 2, 3, 3, 3],
      ['acctAdmin', 1001, 1, 0, 0, 0],
      ['acctBob', 1002, 1, 0, 0, 0],
      ['acctCarol', 1003, 1, 0, 0, 0],
      ['Café ☕ key', 1003, 1, 0, 0, 0],
      ['acctAdminIp', 1001, 1, 0, 0, 0],
    ]);
  });

  test('has the users, and the ports of the one server', async () => {
    expect(await db.query('select id, root_admin, use_totp from users order by id')).toEqual([
      { id: 1001, root_admin: 1, use_totp: 0 },
      { id: 1002, root_admin: 0, use_totp: 0 },
      { id: 1003, root_admin: 0, use_totp: 0 },
      { id: 1004, root_admin: 1, use_totp: 0 },
      { id: 1005, root_admin: 0, use_totp: 0 },
      { id: 1006, root_admin: 1, use_totp: 1 },
    ]);
    expect(await db.query('select id, port, server_id from allocations where server_id is not null')).toEqual(
      [
        { id: 2900001, port: 25565, server_id: 3001 },
        { id: 2900004, port: 25568, server_id: 3001 },
      ],
    );
    expect(await db.query('select id, allocation_id from servers')).toEqual([
      { id: 3001, allocation_id: 2900001 },
    ]);
  });
});

test('every caller of the recordings has a token of 48 characters', () => {
  const callers = new Set(recordings.map(({ request }) => request.as).filter((as) => typeof as === 'string'));

  expect([...callers].filter((as) => !(as in recordedCredentials))).toEqual([]);
  for (const { identifier, secret, bearer } of Object.values(recordedCredentials)) {
    expect([identifier.length, secret]).toEqual([16, expect.stringMatching(/^[A-Za-z0-9]{32}$/)]);
    expect(bearer).toBe(identifier + secret);
  }
});

test('a caller whose address was refused has the identifier that the panel noted', () => {
  const noted = recordings.flatMap(({ request, database }) =>
    database.activity
      .filter(({ event }) => event === 'auth:ip-blocked')
      .map(({ properties }) => [request.as, properties.identifier]),
  );

  expect(noted.length).toBe(7);
  for (const [as, identifier] of noted) expect(recordedCredentials[String(as)]?.identifier).toBe(identifier);
});
