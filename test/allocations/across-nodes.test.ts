import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf, refusalOf } from '../support/client.ts';
import {
  claimOf,
  claimsPath,
  freeAnywhere,
  type PortPanel,
  portsOf,
  startPortPanel,
} from '../support/port-panel.ts';
import type { NodeDetails } from '../support/port-seed.ts';
import { activities } from '../support/seed.ts';

describe.each(cells)('free ports across nodes of %s', (cell) => {
  const hasLocations = cell.panel === 'pterodactyl';
  let started: PortPanel;
  let here: number;
  let there: number;
  /** Nodes by what is special about them. */
  let nodes: Readonly<Record<'small' | 'big' | 'hidden' | 'resting' | 'empty', number>>;

  beforeAll(async () => {
    started = await startPortPanel(cell);
    const { seed } = started;
    [here, there] = hasLocations ? [await seed.location(), await seed.location()] : [1, 2];
    const make = async (count: number, details: NodeDetails) => {
      const id = await seed.node(details);
      const ports = Array.from({ length: count }, (_, index) => ({ ip: '10.0.0.1', port: 4000 + index }));
      if (count > 0) await seed.ports(id, ports);
      return id;
    };
    nodes = {
      small: await make(3, { location: here, memory: 1000, disk: 1000, tags: ['ssd', 'eu'] }),
      big: await make(3, {
        location: there,
        memory: 8000,
        disk: 8000,
        memoryOverallocate: 50,
        tags: ['ssd'],
      }),
      hidden: await make(2, { location: here, isPublic: false }),
      resting: await make(2, { location: there, isInMaintenance: true }),
      empty: await make(0, { location: there }),
    };
  });

  afterAll(() => started?.close());

  const get = (query: string, key?: string) =>
    started.send({ path: `${freeAnywhere}?${query}`, ...(key === undefined ? {} : { key }) });

  /** The names of the nodes that a query lists ports of, each once. */
  async function nodesOf(query: string): Promise<string[]> {
    const ids = new Set(portsOf(await get(`per_page=100&${query}`)).map((port) => port.node_id));
    return Object.entries(nodes)
      .filter(([, id]) => ids.has(id))
      .map(([name]) => name);
  }

  test('without a filter there are the ports of all nodes, by id', async () => {
    const ports = portsOf(await get('per_page=100'));
    expect(ports.map(({ id }) => id)).toEqual(ports.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(ports).toHaveLength(10);
    expect(ports[0]).toEqual({
      ...{ id: ports[0]?.id, node_id: nodes.small, ip: '10.0.0.1', alias: null, port: 4000 },
      ...{ notes: null, assigned: false },
    });
  });

  test('nodes are selected by id, in either way of writing a list', async () => {
    expect(await nodesOf(`filter[node_ids]=${nodes.small},${nodes.hidden}`)).toEqual(['small', 'hidden']);
    expect(await nodesOf(`filter[node_ids][]=${nodes.big}&filter[node_ids][]=${nodes.empty}`)).toEqual([
      'big',
    ]);
    expect(await nodesOf('filter[node_ids]=999')).toEqual([]);
    expect(await nodesOf('filter[node_ids]=')).toEqual(['small', 'big', 'hidden', 'resting']);
  });

  test('nodes are selected by location, where the panel has some', async () => {
    expect(await nodesOf(`filter[location_ids]=${here}`)).toEqual(hasLocations ? ['small', 'hidden'] : []);
    const both = `filter[location_ids]=${there}&filter[node_ids]=${nodes.small},${nodes.big}`;
    expect(await nodesOf(both)).toEqual(hasLocations ? ['big'] : []);
  });

  test('nodes are selected by all of some tags, where the panel has some', async () => {
    const everything = ['small', 'big', 'hidden', 'resting'];
    expect(await nodesOf('filter[tags]=ssd')).toEqual(hasLocations ? everything : ['small', 'big']);
    expect(await nodesOf('filter[tags]=ssd,%20eu')).toEqual(hasLocations ? everything : ['small']);
    expect(await nodesOf('filter[tags][]=hdd')).toEqual(hasLocations ? everything : []);
  });

  test('nodes are selected by whether they are public', async () => {
    expect(await nodesOf('filter[public]=true')).toEqual(['small', 'big', 'resting']);
    expect(await nodesOf('filter[public]=0')).toEqual(['hidden']);
  });

  test('nodes are selected by the room that they have, what claims hold left out', async () => {
    const ofTwo = `filter[node_ids]=${nodes.small},${nodes.big}`;
    expect(await nodesOf(`${ofTwo}&filter[memory]=1000`)).toEqual(['small', 'big']);
    expect(await nodesOf(`${ofTwo}&filter[memory]=1001`)).toEqual(['big']);
    expect(await nodesOf(`${ofTwo}&filter[memory]=12000`)).toEqual(['big']);
    expect(await nodesOf(`${ofTwo}&filter[memory]=12001`)).toEqual([]);
    expect(await nodesOf(`${ofTwo}&filter[disk]=8000&filter[memory]=1`)).toEqual(['big']);
    expect(await nodesOf(`${ofTwo}&filter[disk]=8001`)).toEqual([]);

    const [port = Number.NaN] = portsOf(await get(`filter[node_ids]=${nodes.small}`)).map(({ id }) => id);
    const server = await started.seed.server(nodes.small, [port], { memory: 400, disk: 1 });
    expect(await nodesOf(`${ofTwo}&filter[memory]=600`)).toEqual(['small', 'big']);
    expect(await nodesOf(`${ofTwo}&filter[memory]=601`)).toEqual(['big']);
    await started.seed.deleteServer(server);
  });

  test('room that a claim holds counts as used until the claim ends', async () => {
    const query = `filter[node_ids]=${nodes.small}&filter[memory]=500&filter[disk]=1`;
    const body = { node_ids: [nodes.small], count: 1, memory: 501, disk: 10 };
    const claim = claimOf(await started.send({ method: 'POST', path: claimsPath, body }));
    expect(await nodesOf(query)).toEqual([]);
    await started.send({ method: 'DELETE', path: `${claimsPath}/${claim.id}` });
    expect(await nodesOf(query)).toEqual(['small']);
  });

  test('a summary counts the ports of each node selected', async () => {
    const ids = `${nodes.big},${nodes.empty}`;
    const [first = Number.NaN] = portsOf(await get(`filter[node_ids]=${nodes.big}`)).map(({ id }) => id);
    const server = await started.seed.server(nodes.big, [first]);
    const body = { node_ids: [nodes.big], count: 1 };
    const claim = claimOf(await started.send({ method: 'POST', path: claimsPath, body }));

    const answer = await get(`summary=true&filter[node_ids]=${ids}`);
    const summary = (attributes: object) => ({ object: 'node_allocation_summary', attributes });
    expect(answer.json).toEqual({
      object: 'list',
      data: [
        summary({ node_id: nodes.big, total: 3, used: 1, held: 1, free: 1 }),
        summary({ node_id: nodes.empty, total: 0, used: 0, held: 0, free: 0 }),
      ],
    });

    await started.send({ method: 'DELETE', path: `${claimsPath}/${claim.id}` });
    await started.seed.deleteServer(server);
    const { data } = (await get(`summary=1&filter[node_ids]=${ids}`)).json as { data: unknown[] };
    expect(data[0]).toEqual(summary({ node_id: nodes.big, total: 3, used: 0, held: 0, free: 3 }));
  });

  test('a summary comes by the page where one is asked for', async () => {
    const all = (await get('summary=true')).json as { data: { attributes: { node_id: number } }[] };
    const ids = all.data.map(({ attributes }) => attributes.node_id);
    expect(all).not.toHaveProperty('meta');
    const seen: (number | undefined)[] = [];
    let next: string | null = '';
    while (next !== null) {
      const answer = await get(`summary=true&per_page=2&cursor=${next}`);
      const { data, meta } = answer.json as typeof all & {
        meta: { cursor: { next: string | null; per_page: number } };
      };
      expect([data.length <= 2, meta.cursor.per_page]).toEqual([true, 2]);
      seen.push(...data.map(({ attributes }) => attributes.node_id));
      next = meta.cursor.next;
    }
    expect(seen).toEqual(ids);
    expect((await get('summary=true&cursor=x')).status).toBe(422);
  });

  test('a summary needs the right to read nodes, a list the right to read allocations', async () => {
    const { seed, admin } = started;
    const onlyPorts = await seed.key(admin, { allocations: 1 });
    const onlyNodes = await seed.key(admin, { nodes: 3, allocations: 2 });
    const refusal = '403 AccessDeniedHttpException: This action is unauthorized.';
    expect((await get('', onlyPorts)).status).toBe(200);
    expect((await get('summary=0', onlyPorts)).status).toBe(200);
    expect(refusalOf(await get('summary=true', onlyPorts))).toBe(refusal);
    expect(refusalOf(await get('summary=true', onlyNodes))).toBe(refusal);
    expect(refusalOf(await get('', onlyNodes))).toBe(refusal);
  });

  test.each(['memory=1', 'disk=0', 'public=true', 'tags=ssd', 'location_ids=1'])(
    'filter[%s] tells of nodes, and needs the right to read them',
    async (filter) => {
      const { seed } = started;
      const user = await seed.admin();
      const onlyPorts = await seed.key(user, { allocations: 1 });
      expect(refusalOf(await get(`filter[${filter}`.replace('=', ']='), onlyPorts))).toBe(
        '403 AccessDeniedHttpException: This action is unauthorized.',
      );
      const recorded = await activities(started.panel, 'actor_id = ?', [user]);
      expect(recorded.map(({ event, properties }) => ({ event, properties }))).toEqual([
        {
          event: 'api:refused',
          properties: { method: 'GET', route: freeAnywhere, status: 403, reason: 'acl' },
        },
      ]);
      expect((await get(`filter[node_ids]=${nodes.small}`, onlyPorts)).status).toBe(200);
    },
  );

  test.each([
    ['filter[node_ids]=one', ['filter.node_ids.0 integer']],
    ['filter[node_ids]=1,0', ['filter.node_ids.1 min']],
    ['filter[node_ids]=99999999999', ['filter.node_ids.0 max']],
    ['filter[location_ids][a]=1', ['filter.location_ids array']],
    ['filter[tags][0][a]=1', ['filter.tags.0 string']],
    ['filter[memory]=-1', ['filter.memory min']],
    ['filter[disk]=lots', ['filter.disk integer']],
    ['filter[disk]=99999999999', ['filter.disk max']],
    ['filter[public]=perhaps', ['filter.public boolean']],
    ['summary=perhaps', ['summary boolean']],
    ['per_page=0', ['per_page min']],
    ['cursor=x', ['cursor cursor']],
  ])('%s is refused, naming the field', async (query, expected) => {
    const answer = await get(query);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer).map(({ meta }) => `${meta?.source_field} ${meta?.rule}`)).toEqual(expected);
  });
});
