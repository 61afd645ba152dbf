import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { activities, PanelSeed } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';

let panel: PanelDatabase;
let seed: PanelSeed;
let node: { readonly id: number };
let bearer: string;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  seed = new PanelSeed(panel);
  ({ bearer } = await seed.key(await seed.user({ admin: true })));
  node = await seed.node(7);
  await panel.execute(`update allocations set ip_alias = 'play.test', notes = 'kept' where port = 20003`);
});

afterAll(() => panel.drop());

const free = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(['allocations', 'free', ...args, '--panel', panel.folder], { env });

it('prints a table for people, and beside it how much there is', async () => {
  const rows = await panel.query('select id from allocations order by id');
  const [first, second] = rows.slice(2).map(({ id }) => String(id));
  expect(await free([String(node.id), '--per-page', '2', '--page', '2'])).toEqual({
    code: 0,
    stdout: [
      'ID  ADDRESS   PORT   ALIAS      NOTES',
      `${first?.padEnd(2)}  10.0.0.1  20002  -          -`,
      `${second?.padEnd(2)}  10.0.0.1  20003  play.test  kept`,
      '',
    ].join('\n'),
    stderr: '2 of 7 ports, page 2 of 4\n',
  });
});

it('prints for programs what HTTP answers', async () => {
  const service: RunningService = await startService(panel.folder);
  const path = `/api/application/nodes/${node.id}/allocations/free?per_page=3&page=2`;
  const answer = await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${bearer}` } });
  await service.stop();
  const { stdout, stderr, code } = await free([
    `node-${node.id}`,
    '--per-page',
    '3',
    '--page',
    '2',
    '--json',
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Links are made from APP_URL, where a request shows the address that it was sent to.
  const expected = (await answer.text()).replaceAll(service.url, 'http://panel.test');
  expect(JSON.parse(stdout)).toEqual(JSON.parse(expected));
  expect(JSON.parse(stdout).meta.pagination.links).toEqual({
    previous: `http://panel.test/api/application/nodes/${node.id}/allocations/free?per_page=3&page=1`,
    next: `http://panel.test/api/application/nodes/${node.id}/allocations/free?per_page=3&page=3`,
  });
});

it('is recorded as nobody from this machine', async () => {
  const other = await seed.node(0);
  expect(await free([String(other.id)])).toEqual({
    code: 0,
    stdout: '',
    stderr: '0 of 0 ports, page 1 of 1\n',
  });
  expect(await activities(panel, `properties like '{"node_id":${other.id},%'`)).toEqual([
    {
      event: 'node:allocation.view',
      ip: '127.0.0.1',
      actor: null,
      apiKeyId: null,
      properties: { node_id: other.id, page: 1, per_page: 50 },
      subjects: [],
    },
  ]);
});

describe('refuses in one line', () => {
  it.each([
    [['nowhere'], 'no node has the id or name "nowhere"'],
    [['0'], 'no node has the id or name "0"'],
    [['4294967296'], 'no node has the id or name "4294967296"'],
  ])('a node that is not there: %j', async (args, reason) => {
    expect(await free(args)).toEqual(failure(reason));
  });

  it('a name that several nodes have', async () => {
    const [first, second] = [await seed.node(0), await seed.node(0)];
    await panel.execute(`update nodes set name = 'twin' where id in (${first.id}, ${second.id})`);
    expect(await free(['twin'])).toEqual(
      failure(`2 nodes are called "twin": give one of the ids ${first.id}, ${second.id}`),
    );
  });

  it.each([
    [['--page', '0'], '--page is "0", but must be a whole number from 1 up'],
    [['--page', 'two'], '--page is "two", but must be a whole number from 1 up'],
    [['--per-page', '0'], 'The per page must be at least 1.'],
    [['--per-page', '101'], 'The per page may not be greater than 100.'],
    [['--per-page', 'all'], 'The per page must be an integer.'],
  ])('%j', async (args, reason) => {
    expect(await free([String(node.id), ...args])).toEqual(failure(reason));
  });
});

it('follows the configuration', async () => {
  const env = {
    CLIENT_API_SHOW_FREE_ONLY: 'false',
    CLIENT_API_INCLUDE_NODE_INFO: 'false',
    CLIENT_API_AUDIT_VIEWS: 'false',
  };
  const before = await panel.query('select count(*) as n from activity_logs');
  const { stdout } = await free([String(node.id), '--per-page', '1'], env);
  expect(stdout).toMatch(/^ID +ADDRESS +PORT +ALIAS +NOTES +ASSIGNED\n\d+ +10\.0\.0\.1 +20000 +- +- +no\n$/);
  const { meta } = JSON.parse((await free([String(node.id), '--json'], env)).stdout);
  expect(Object.keys(meta)).toEqual(['pagination']);
  expect(await panel.query('select count(*) as n from activity_logs')).toEqual(before);
});
