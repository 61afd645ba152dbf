import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimingAs, idsOf } from '../claims/claiming.ts';
import { cells } from '../support/cells.ts';
import { type Finished, failure, run } from '../support/cli.ts';
import { createPanelDatabase } from '../support/panel-database.ts';
import { type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { PortSeed } from '../support/port-seed.ts';
import { activities } from '../support/seed.ts';
import { freeOn } from '../support/sidecar.ts';

/** What is refused, and how: the same everywhere, so tried on one cell. */
const refusedFree = [
  [['--range', 'http'], '--range is "http", but must be a port, or two with a dash between'],
  [['--range', '9-8'], '--range is "9-8", but must be a port, or two with a dash between'],
  [['--consecutive', '0'], 'The consecutive must be at least 1.'],
  [['--consecutive', 'two'], 'The consecutive must be an integer.'],
  [
    ['--consecutive', '2', '--page', '2'],
    '--page does not go with --consecutive: --per-page shows more runs',
  ],
] as const;
const refusedClaims = [
  [['--count', '0'], 'The count must be at least 1.'],
  [['--count', 'two'], 'The count must be an integer.'],
  [['--count', '1', '--ttl', '3601'], 'The ttl seconds may not be greater than 3600.'],
  [['--count', '1', '--prefer', 'cheap'], 'The selected prefer is invalid.'],
  [['--count', '1', '--range', 'x'], 'The port range must be a port, or two with a dash between.'],
  [['--count', '5', '--consecutive'], 'No matching node has 5 neighbouring free ports.'],
  [['--count', '9', '--same-ip'], 'No matching node has 9 free ports on one address.'],
] as const;

describe.each(cells)('ports of %s from the shell', (cell) => {
  let started: PortPanel;
  let node: number;
  let empty: number;
  let portIds: readonly number[];

  beforeAll(async () => {
    started = await startPortPanel(cell);
    const { seed } = started;
    node = await seed.node();
    empty = await seed.node();
    const ports = [5000, 5001, 5002, 5004, 5005, 5006, 5007, 5010].map((port) => ({ ip: '10.0.0.1', port }));
    portIds = await seed.ports(node, [...ports, { ip: '10.0.0.2', port: 9000, alias: 'play.test' }]);
    await seed.server(node, portIds.slice(7, 8));
  });

  afterAll(() => started?.close());

  const allocations = (args: readonly (string | number)[]): Promise<Finished> =>
    run(['allocations', ...args.map(String), '--panel', started.panel.folder]);
  const get = async (query: string) =>
    (await started.send({ path: `${freeOn({ id: node })}?${query}` })).text;

  test('free takes a range', async () => {
    const { stdout, stderr } = await allocations(['free', node, '--range', '5002-5004']);
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
      ['ID', 'ADDRESS', 'PORT', 'ALIAS', 'NOTES'],
      [String(portIds[2]), '10.0.0.1', '5002', '-', '-'],
      [String(portIds[3]), '10.0.0.1', '5004', '-', '-'],
      [''],
    ]);
    expect(stderr).toBe('2 of 2 ports, page 1 of 1\n');
    const json = await allocations(['free', node, '--range', '5002-5004', '--per-page', 1, '--json']);
    const expected = (await get('filter[port]=5002-5004&per_page=1')).replaceAll(
      started.services[0]?.url ?? '',
      'http://panel.test',
    );
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse(expected));
  });

  test('free lists runs of neighbours', async () => {
    const { code, stdout, stderr } = await allocations(['free', node, '--consecutive', 2]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '3 runs of 2\n' });
    const runs = [
      [0, 5000],
      [3, 5004],
      [5, 5006],
    ].map(([index = 0, port = 0]) =>
      ['10.0.0.1', port, port + 1, portIds[index], portIds[index + 1]].map(String),
    );
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
      ['ADDRESS', 'FROM', 'TO', 'IDS'],
      ...runs,
      [''],
    ]);
    const more = await allocations(['free', node, '--consecutive', 3, '--per-page', 1]);
    expect(more.stderr).toBe('1 run of 3, and there are more\n');
    const json = await allocations(['free', node, '--consecutive', 3, '--json']);
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse(await get('consecutive=3')));
    const ranged = await allocations(['free', node, '--consecutive', 3, '--range', '5003-5006', '--json']);
    expect(
      JSON.parse(ranged.stdout).data.map(({ attributes }: { attributes: object }) => attributes),
    ).toEqual([{ node_id: node, ip: '10.0.0.1', from: 5004, to: 5006, ids: portIds.slice(3, 6) }]);
  });

  test.each(cell === cells[0] ? refusedFree : [])('free %j is refused in one line', async (args, reason) => {
    expect(await allocations(['free', node, ...args])).toEqual(failure(reason));
  });

  test.each(cell === cells[0] ? refusedClaims : [])(
    'claim %j is refused in one line',
    async (args, reason) => {
      expect(await allocations(['claim', node, '--for', started.admin, ...args])).toEqual(failure(reason));
    },
  );

  test('claim holds ports for a user, whose keys may then do with it as with their own', async () => {
    const { code, stdout, stderr } = await allocations([
      ...['claim', `node-${node}`, '--count', 3, '--for', `user${started.admin}`],
      ...['--consecutive', '--prefer', 'lowest', '--ttl', 300, '--reference', 'order 1'],
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
      ['ID', 'ADDRESS', 'PORT', 'ALIAS'],
      ...[0, 1, 2].map((index) => [String(portIds[index]), '10.0.0.1', String(5000 + index), '-']),
      [''],
    ]);
    const id = /^claim (\S{36}) /.exec(stderr)?.[1] ?? '';
    const claiming = claimingAs(started);
    const claim = await claiming.view(id);
    expect(stderr).toBe(
      `claim ${id} of user ${started.admin} (user${started.admin}) holds these ports until ${claim.expires_at}\n`,
    );
    expect(claim).toMatchObject({ node_id: node, status: 'held', reference: 'order 1' });
    expect(Date.parse(claim.expires_at) - Date.parse(claim.created_at)).toBe(300_000);
    const other = claimingAs(started, await started.seed.key(await started.seed.admin()));
    await expect(other.view(id)).rejects.toThrow(/^404/);
    expect((await claiming.extend(id, { ttl_seconds: 60 })).status).toBe(200);
    expect((await claiming.release(id)).status).toBe(204);

    const [created] = await activities(started.panel, "event = 'node:allocation-claim.create'");
    expect(created).toEqual({
      ...{ event: 'node:allocation-claim.create', ip: '127.0.0.1', actor: null, apiKeyId: null },
      properties: { claim_id: id, node_id: node, ports: 3, reference: 'order 1' },
      subjects: [],
    });
  });

  test('claim prints for programs what the API answers', async () => {
    const { stdout, stderr } = await allocations([
      ...[
        'claim',
        node,
        '--count',
        1,
        '--for',
        started.admin,
        '--ip',
        '10.0.0.2',
        '--range',
        '9000',
        '--json',
      ],
    ]);
    expect(stderr).toBe('');
    const answer = JSON.parse(stdout) as { attributes: { id: string } };
    const again = await started.send({ path: `/api/application/allocations/claims/${answer.attributes.id}` });
    expect(answer).toEqual(again.json);
    expect(idsOf(await claimingAs(started).view(answer.attributes.id))).toEqual(portIds.slice(8));
    await claimingAs(started).release(answer.attributes.id);
  });

  test('claim needs somebody to claim for', async () => {
    expect(await allocations(['claim', node, '--for', 'nobody', '--count', 1])).toEqual(
      failure('no user has the id, e-mail or username "nobody"'),
    );
    const { code, stderr } = await allocations(['claim', node, '--count', 1]);
    expect([code, stderr]).toEqual([1, "panel-sidecar: required option '--for <user>' not specified\n"]);
  });

  test('usage shows how the ports of each node are taken', async () => {
    const claim = await claimingAs(started).claim({
      node_ids: [node],
      count: 1,
      ip: '10.0.0.1',
      prefer: 'lowest',
    });
    const { code, stdout, stderr } = await allocations(['usage']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(lines[0]).toEqual(['ID', 'NAME', 'TOTAL', 'USED', 'HELD', 'FREE', 'LARGEST RUN']);
    expect(lines).toContainEqual([
      ...[String(node), `node-${node}`, '9', '1', '1', '7'],
      '4 (10.0.0.1 5004-5007)',
    ]);
    expect(lines).toContainEqual([String(empty), `node-${empty}`, '0', '0', '0', '0', '-']);
    const json = await allocations(['usage', '--json']);
    expect(JSON.parse(json.stdout).data[0]).toEqual({
      object: 'node_allocation_usage',
      attributes: {
        ...{ node_id: node, name: `node-${node}`, total: 9, used: 1, held: 1, free: 7 },
        largest_run: { ip: '10.0.0.1', from: 5004, to: 5007 },
      },
    });
    await claimingAs(started).release(claim.id);
  });
});

test('claim says what to run where the own tables are missing; free and usage do without', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'sqlite');
  const seed = new PortSeed(panel, 'pterodactyl');
  const [user, node] = [await seed.admin(), await seed.node()];
  await seed.ports(node, [{ ip: '10.0.0.1', port: 5000 }]);
  const allocations = (args: readonly string[]) => run(['allocations', ...args, '--panel', panel.folder]);
  expect(await allocations(['claim', String(node), '--for', String(user), '--count', '1'])).toEqual(
    failure('This needs tables that are not there yet: run "panel-sidecar migrate --panel PATH".'),
  );
  expect((await allocations(['free', String(node)])).stderr).toBe('1 of 1 ports, page 1 of 1\n');
  expect((await allocations(['usage'])).stdout).toMatch(/ 1 +0 +0 +1 +1 \(10\.0\.0\.1 5000-5000\)\n$/);
  await panel.drop();
});
