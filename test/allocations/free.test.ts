import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf, send } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import { panelTraits } from '../support/panel-traits.ts';
import type { KeyDetails, SeededNode, SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn, type Sidecar, startSidecar, unlimited } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  const traits = panelTraits[cell.panel];
  let sidecar: Sidecar;
  let admin: SeededUser;
  let key: string;
  let node: SeededNode;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    key = (await sidecar.seed.key(admin)).bearer;
    node = await sidecar.seed.node(120);
  });
  afterAll(() => sidecar.close());

  interface Page {
    readonly data: readonly {
      readonly object: string;
      readonly attributes: {
        readonly id: number;
        readonly port: number;
        readonly assigned: boolean;
        readonly relationships?: Readonly<Record<string, unknown>>;
      };
    }[];
    readonly meta: {
      readonly pagination: Readonly<Record<string, unknown>> & {
        readonly links: { readonly previous?: string; readonly next?: string };
      };
      readonly node?: Readonly<Record<string, unknown>>;
    };
  }

  const pageOf = (answer: Answer) => answer.json as Page;
  const ports = ({ data }: Page) => data.map(({ attributes }) => attributes.port);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

  async function get(query = '', bearer = key): Promise<Page> {
    const answer = await sidecar.send({ path: freeOn(node) + query, key: bearer });
    expect(answer.status).toBe(200);
    return pageOf(answer);
  }

  describe('a list', () => {
    it('is in order of id, whatever order the rows are stored in', async () => {
      const mixed = await sidecar.seed.node(0);
      const times = { created_at: '2026-01-02 03:04:05', updated_at: '2026-01-02 03:04:05' };
      for (const [id, port] of [
        [900_005, 1],
        [900_001, 5],
        [900_003, 3],
      ] as const) {
        await insertRows(sidecar.panel, 'allocations', [
          { id, node_id: mixed.id, ip: '10.0.0.9', port, ...times },
        ]);
      }
      const { data } = pageOf(await sidecar.send({ path: freeOn(mixed), key }));
      expect(data.map(({ attributes }) => attributes.id)).toEqual([900_001, 900_003, 900_005]);
    });

    it('holds free ports of that node only, each with exactly its attributes', async () => {
      const own = await sidecar.seed.node(4);
      await sidecar.seed.server(admin, own, [20_001, 20_002]);
      await sidecar.panel.execute(
        "update allocations set ip_alias = 'play.test', notes = 'kept' where node_id = ? and port = 20000",
        [own.id],
      );
      const answer = await sidecar.send({ path: freeOn(own), key });
      const { data, meta } = pageOf(answer);
      const [first, second] = data;
      expect(JSON.stringify(first)).toBe(
        `{"object":"allocation","attributes":{"id":${first?.attributes.id},"ip":"10.0.0.1","alias":"play.test","port":20000,"notes":"kept","assigned":false}}`,
      );
      expect(second?.attributes).toMatchObject({ alias: null, port: 20003, notes: null });
      expect(data).toHaveLength(2);
      expect(meta.pagination).toEqual({
        ...{ total: 2, count: 2, per_page: 50, current_page: 1, total_pages: 1, links: {} },
      });
    });

    it('of a node without ports is empty', async () => {
      const empty = await sidecar.seed.node(0);
      const { data, meta } = pageOf(await sidecar.send({ path: freeOn(empty), key }));
      expect(data).toEqual([]);
      expect(meta.pagination).toMatchObject({ total: 0, total_pages: 1, links: {} });
    });
  });

  describe('pages', () => {
    it('hold 50 rows unless told otherwise', async () => {
      expect(ports(await get())).toEqual(range(20_000, 20_050));
      expect(ports(await get('?page=3'))).toEqual(range(20_100, 20_120));
      expect(ports(await get('?per_page=7&page=2'))).toEqual(range(20_007, 20_014));
      expect(ports(await get('?per_page=100'))).toEqual(range(20_000, 20_100));
      expect(ports(await get('?page=4'))).toEqual([]);
      expect(ports(await get('?page=9007199254740991&per_page=100'))).toEqual([]);
    });

    it('linked to by `next` hold every port once', async () => {
      const seen: number[] = [];
      let path: string | undefined = `${freeOn(node)}?per_page=33&include=node&x[]=1`;
      while (path !== undefined) {
        const page: Page = pageOf(await sidecar.send({ path, key }));
        seen.push(...ports(page));
        for (const { attributes } of page.data) expect(attributes.relationships).toHaveProperty('node');
        const { next } = page.meta.pagination.links;
        path = next?.slice(sidecar.service.url.length);
        if (next !== undefined) expect(next.startsWith(`${sidecar.service.url}/api/`)).toBe(true);
      }
      expect(seen).toEqual(range(20_000, 20_120));
    });

    it.each([
      ['?per_page=10&page=2&foo=bar&filter[a]=b', 'per_page=10&foo=bar&filter%5Ba%5D=b&page=3'],
      ['?page=2&per_page=%2010%20', 'per_page=10&page=3'],
      ['?per_page=10&q=%C3%A9%20%26&page=2', 'per_page=10&q=%C3%A9%20%26&page=3'],
      ['?per_page=10&empty=&page=2', 'per_page=10&empty=&page=3'],
      ['?per_page=9&per_page=10&page=1&page=2', 'per_page=10&page=3'],
    ])('%s links to %s', async (query, next) => {
      const { links } = (await get(query)).meta.pagination;
      expect(links.next).toBe(`${sidecar.service.url}${freeOn(node)}?${next}`);
      expect(links.previous).toBe(
        `${sidecar.service.url}${freeOn(node)}?${next.replace('page=3', 'page=1')}`,
      );
    });

    it.each(['/', '/?'])('asked for as …free%s link without the slash', async (end) => {
      const { links } = (await get(end)).meta.pagination;
      expect(links).toEqual({ next: `${sidecar.service.url}${freeOn(node)}?page=2` });
    });

    it.each([
      ['panel.example.org', 'http://panel.example.org'],
      ['panel.example.org:80', 'http://panel.example.org'],
      ['PANEL.example.org:8443', 'http://panel.example.org:8443'],
      ['[::1]:8091', 'http://[::1]:8091'],
      ['evil"><script>', 'http://localhost'],
      ['a b', 'http://localhost'],
      ['user@host', 'http://localhost'],
    ])('asked for at the host %j link to %s', async (host, origin) => {
      const answer = await sidecar.send({ path: freeOn(node), key, headers: { host } });
      expect(pageOf(answer).meta.pagination.links.next).toBe(`${origin}${freeOn(node)}?page=2`);
    });

    it('asked for by a whole address link like any other', async () => {
      const headers = { host: 'panel.test' };
      const path = `http://elsewhere.test${freeOn(node)}?per_page=60`;
      const { meta } = pageOf(await sidecar.send({ path, key, headers }));
      expect(meta.pagination.links.next).toBe(`http://panel.test${freeOn(node)}?per_page=60&page=2`);
    });

    it.each([
      ['', ['integer', 'min']],
      ['0', ['min']],
      ['-1', ['min']],
      ['101', ['max']],
      ['99999999999999999999', ['max']],
      ['abc', ['integer']],
      ['1e1', ['integer']],
      ['0x10', ['integer']],
      ['007', ['integer']],
      ['1.5', ['integer']],
      ['1.0', ['integer']],
    ])('of per_page=%s are refused', async (size, rules) => {
      const answer = await sidecar.send({ path: `${freeOn(node)}?per_page=${size}`, key });
      expect(answer.status).toBe(422);
      const found = errorsOf(answer).map(({ meta }) => [meta?.source_field, meta?.rule]);
      expect(found).toEqual(rules.map((rule) => ['per_page', rule]));
    });

    it.each(['per_page[]=5', 'per_page[a]=5', 'per_page[a][b]=5'])('of %s are refused', async (query) => {
      const answer = await sidecar.send({ path: `${freeOn(node)}?${query}`, key });
      expect(errorsOf(answer).map(({ meta }) => meta)).toEqual([
        { source_field: 'per_page', rule: 'integer' },
      ]);
    });
  });

  describe('include and meta.node', () => {
    const nothing = { object: 'null_resource', attributes: null };
    const shown = (acl: NonNullable<KeyDetails['acl']>, query: string) => ask({ acl }, query);

    async function ask(details: KeyDetails, query: string) {
      const own = await sidecar.seed.key(admin, details);
      const page = await get(query, own.bearer);
      return { relations: page.data[0]?.attributes.relationships, node: page.meta.node };
    }

    it('show the node to whom may read nodes, its location to whom may read locations', async () => {
      const [row] = await sidecar.panel.query('select uuid, name, fqdn from nodes where id = ?', [node.id]);
      const summary = { id: node.id, ...row };
      const location = traits.locationOf(node);
      const info = async (acl: { nodes: number; locations: number }) =>
        (await shown({ allocations: 1, ...acl }, '')).node;
      expect(await info({ nodes: 1, locations: 1 })).toEqual({ ...summary, location });
      expect(Object.keys((await info({ nodes: 1, locations: 2 })) ?? {})).toEqual(
        traits.nodeInfoWithoutLocations,
      );
      expect(await info({ nodes: 2, locations: 3 })).toBeUndefined();
      expect((await ask({ type: 1, acl: 0 }, '')).node).toEqual({ ...summary, location });
    });

    it('embed what is asked for in each port, and nothing in place of what may not be read', async () => {
      const readable = { allocations: 1, nodes: 1 } as const;
      const { relations } = await shown(readable, '?include=node');
      expect(Object.keys(relations ?? {})).toEqual(['node']);
      expect(relations?.node).toMatchObject({ object: 'node', attributes: { id: node.id, memory: 1024 } });
      expect(JSON.stringify(relations)).not.toContain('daemon_token');
      expect((await shown({ allocations: 1, nodes: 2 }, '?include=node')).relations).toEqual({
        node: nothing,
      });
      expect((await shown(readable, '?include=server')).relations).toEqual({ server: nothing });
      const both = await shown(readable, '?include=server,node');
      expect(Object.keys(both.relations ?? {})).toEqual(['node', 'server']);
      expect((await shown(readable, '?include[]=node&include[]=server')).relations).toEqual(both.relations);
      expect((await shown(readable, '?include=node.location')).relations).toEqual(relations);
      for (const query of [
        '?include=',
        '?include=nonsense,__proto__',
        '?include[a][b]=node',
        '?includes=node',
      ]) {
        expect((await shown(readable, query)).relations).toBeUndefined();
      }
    });
  });

  describe('settings', () => {
    async function withSettings(env: Record<string, string>, work: (url: string) => Promise<void>) {
      const service = await startService(sidecar.panel.folder, { env: { ...unlimited, ...env } });
      try {
        await work(service.url);
      } finally {
        await service.stop();
      }
    }

    it('show_free_only off lists the assigned ports too', async () => {
      const own = await sidecar.seed.node(4);
      await sidecar.seed.server(admin, own, [20_001, 20_002]);
      await withSettings({ CLIENT_API_SHOW_FREE_ONLY: 'false' }, async (url) => {
        const page = pageOf(await send(url, { path: `${freeOn(own)}?per_page=3`, key }));
        expect(page.data.map(({ attributes }) => attributes.assigned)).toEqual([false, true, true]);
        expect(page.meta.pagination).toMatchObject({ total: 4, total_pages: 2 });
      });
    });

    it('include_node_info off leaves meta.node out, but not include=node', async () => {
      await withSettings({ CLIENT_API_INCLUDE_NODE_INFO: 'false' }, async (url) => {
        const page = pageOf(await send(url, { path: `${freeOn(node)}?include=node&per_page=1`, key }));
        expect(Object.keys(page.meta)).toEqual(['pagination']);
        expect(page.data[0]?.attributes.relationships?.node).toMatchObject({ object: 'node' });
      });
    });

    it('max_per_page bounds what is asked for, and not the default', async () => {
      await withSettings({ CLIENT_API_ALLOCATIONS_MAX_PER_PAGE: '10' }, async (url) => {
        const ask = (query: string) => send(url, { path: freeOn(node) + query, key });
        expect(pageOf(await ask('')).data).toHaveLength(50);
        expect(pageOf(await ask('?per_page=10')).data).toHaveLength(10);
        expect((await ask('?per_page=11')).status).toBe(422);
      });
    });
  });

  it('many different pages asked for at once are not mixed up', async () => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const size = (index % 10) + 1;
        const page = await get(`?per_page=${size}&page=${(index % 4) + 1}`);
        const from = 20_000 + (index % 4) * size;
        expect(ports(page)).toEqual(range(from, from + size));
      }),
    );
  });
});
