import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells, createCell } from '../support/cells.ts';
import { errorsOf, refusalOf, send } from '../support/client.ts';
import { createPanelDatabase } from '../support/panel-database.ts';
import { claimOf, claimsPath, type PortPanel, portsOf, startPortPanel } from '../support/port-panel.ts';
import { PortSeed } from '../support/port-seed.ts';
import { activities } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn } from '../support/sidecar.ts';
import { type Claiming, claimingAs, portsFrom } from './claiming.ts';

describe.each(cells)('requests for claims of %s', (cell) => {
  let started: PortPanel;
  let claiming: Claiming;
  let node: number;

  beforeAll(async () => {
    started = await startPortPanel(cell);
    claiming = claimingAs(started);
  });

  afterAll(() => started?.close());

  beforeEach(async () => {
    node = await started.seed.node();
    await started.seed.ports(node, [
      ...portsFrom(5000, 3),
      ...portsFrom(5010, 1),
      ...portsFrom(7000, 1, '10.0.0.2'),
    ]);
  });

  test.each([
    [{}, ['count required']],
    [{ count: 0 }, ['count min']],
    [{ count: 101 }, ['count max']],
    [{ count: 1.5 }, ['count integer']],
    [{ count: 'two' }, ['count integer']],
    [{ count: null }, ['count required']],
    [{ count: 1, node_ids: 'x' }, ['node_ids.0 integer']],
    [{ count: 1, node_ids: [0] }, ['node_ids.0 min']],
    [{ count: 1, node_ids: { a: 1 } }, ['node_ids array']],
    [{ count: 1, location_ids: [1.5] }, ['location_ids.0 integer']],
    [{ count: 1, memory: -1, disk: 1e300 }, ['memory min', 'disk max']],
    [{ count: 1, consecutive: 'maybe', same_ip: 2 }, ['consecutive boolean', 'same_ip boolean']],
    [{ count: 1, port_range: '1-2-3' }, ['port_range regex']],
    [{ count: 1, port_range: '70000' }, ['port_range regex']],
    [{ count: 1, port_range: 25565 }, ['port_range string']],
    [{ count: 1, ip: ['10.0.0.1'] }, ['ip string']],
    [{ count: 1, ip: '1\u00002' }, ['ip regex']],
    [{ count: 1, prefer: 'cheapest' }, ['prefer in']],
    [{ count: 1, ttl_seconds: 0 }, ['ttl_seconds min']],
    [{ count: 1, ttl_seconds: 3601 }, ['ttl_seconds max']],
    [{ count: 1, reference: 'x'.repeat(192) }, ['reference max']],
    [{ count: 1, reference: 'a\u0000b' }, ['reference regex']],
  ])('%j is refused, naming the fields', async (body, expected) => {
    const answer = await claiming.tryClaim(body);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer).map(({ meta }) => `${meta?.source_field} ${meta?.rule}`)).toEqual(expected);
  });

  test.each([
    [{}, ['ttl_seconds required']],
    [{ ttl_seconds: 0 }, ['ttl_seconds min']],
    [{ ttl_seconds: 3601 }, ['ttl_seconds max']],
  ])('an extension by %j is refused', async (body, expected) => {
    const { id } = await claiming.claim({ node_ids: [node], count: 1 });
    const answer = await claiming.extend(id, body);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer).map(({ meta }) => `${meta?.source_field} ${meta?.rule}`)).toEqual(expected);
  });

  test('fields of a form and of a query count as well, and unknown ones for nothing', async () => {
    const answer = await started.send({
      method: 'POST',
      path: `${claimsPath}?ttl_seconds=60&colour=red`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `node_ids[]=${node}&count=2&consecutive=true&port_range=5001-5002&reference=&tags[]=x`,
    });
    const claim = claimOf(answer);
    expect(claim.ports.map(({ port }) => port)).toEqual([5001, 5002]);
    expect(claim.reference).toBeNull();
    expect(Date.parse(claim.expires_at) - Date.parse(claim.created_at)).toBe(60_000);
  });

  test.each([
    [{ count: 6 }, 'No matching node has 6 free ports.'],
    [{ count: 4, consecutive: true }, 'No matching node has 4 neighbouring free ports.'],
    [{ count: 5, same_ip: true }, 'No matching node has 5 free ports on one address.'],
    [{ count: 2, ip: '10.0.0.2' }, 'No matching node has 2 free ports on 10.0.0.2.'],
    [{ count: 4, port_range: '5000-5009' }, 'No matching node has 4 free ports from 5000 to 5009.'],
    [
      { count: 1, memory: 1_000_001 },
      'No matching node has room for 1000001 MiB of memory and 0 MiB of disk.',
    ],
    [{ count: 1, node_ids: [999_999] }, 'No node matches.'],
    [{ count: 1, node_ids: [] }, 'No node matches.'],
    [{ count: 1, location_ids: [999_999] }, 'No node matches.'],
  ])('%j finds nothing, and is told what is short', async (body, detail) => {
    const answer = await claiming.tryClaim({ node_ids: [node], ...body });
    expect(refusalOf(answer)).toBe(`409 no_free_allocation: ${detail}`);
  });

  test('without nodes named, only public ones out of maintenance are tried', async () => {
    const { seed } = started;
    await started.panel.execute('update nodes set public = 0');
    const details = { isInMaintenance: true };
    await seed.ports(await seed.node(details), portsFrom(1000, 1));
    expect(refusalOf(await claiming.tryClaim({ count: 1 }))).toBe('409 no_free_allocation: No node matches.');
    const open = await seed.node();
    await seed.ports(open, portsFrom(1000, 1));
    expect((await claiming.claim({ count: 1 })).node_id).toBe(open);
    // Named, any node will do.
    expect((await claiming.claim({ count: 1, node_ids: [node] })).node_id).toBe(node);
    if (cell.panel === 'pterodactyl') {
      const location = await seed.location();
      const hidden = await seed.node({ location, isPublic: false });
      await seed.ports(hidden, portsFrom(1000, 1));
      const inLocation = await claiming.tryClaim({ count: 1, location_ids: [location] });
      expect(refusalOf(inLocation)).toBe('409 no_free_allocation: No node matches.');
    }
  });

  test('reading takes the right to read allocations, changing that to write them', async () => {
    const { seed, admin } = started;
    const reader = claimingAs(started, await seed.key(admin, { allocations: 1 }));
    const writer = claimingAs(started, await seed.key(admin, { allocations: 2 }));
    const none = claimingAs(started, await seed.key(admin, { nodes: 3 }));
    const { id } = await writer.claim({ node_ids: [node], count: 1 });
    const refusal = '403 AccessDeniedHttpException: This action is unauthorized.';
    for (const who of [reader, none]) {
      expect(refusalOf(await who.tryClaim({ node_ids: [node], count: 1 }))).toBe(refusal);
      expect(refusalOf(await who.release(id))).toBe(refusal);
      expect(refusalOf(await who.extend(id, { ttl_seconds: 1 }))).toBe(refusal);
      expect(refusalOf(await who.replace(id))).toBe(refusal);
    }
    for (const who of [writer, none]) await expect(who.view(id)).rejects.toThrow(/^403/);
    expect((await reader.view(id)).status).toBe('held');
    expect((await writer.extend(id, { ttl_seconds: 60 })).status).toBe(200);
    const made = claimOf(await writer.replace(id));
    expect((await writer.release(made.id)).status).toBe(204);
  });

  test('everything is recorded, with who did it and by which key', async () => {
    const { seed, panel } = started;
    const user = await seed.admin();
    const key = await seed.key(user);
    const mine = claimingAs(started, key);
    const { id } = await mine.claim({ node_ids: [node], count: 2, reference: 'order 9' });
    await mine.view(id);
    await mine.extend(id, { ttl_seconds: 77 });
    const made = claimOf(await mine.replace(id, { count: 1, reference: null }));
    await mine.release(made.id);
    await mine.release(made.id);
    await mine.tryClaim({ node_ids: [node], count: 100 });

    const rows = await activities(panel, 'actor_id = ? and event <> ?', [user, 'node:allocation.view']);
    const [keyRow] = await panel.query('select id from api_keys where identifier = ?', [key.slice(0, 16)]);
    const row = (change: string, properties: object) => ({
      ...{ event: `node:allocation-claim.${change}`, ip: '127.0.0.1', actor: `user ${user}` },
      ...{ apiKeyId: keyRow?.id, properties, subjects: [] },
    });
    const old = { claim_id: id, node_id: node };
    const next = { claim_id: made.id, node_id: node };
    expect(rows).toEqual([
      row('create', { ...old, ports: 2, reference: 'order 9' }),
      row('view', old),
      row('extend', { ...old, ttl_seconds: 77 }),
      row('release', old),
      row('create', { ...next, ports: 1, reference: 'order 9' }),
      row('release', next),
    ]);
  });
});

test('without the own tables, claims are refused with what to run, and ports are listed all the same', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'sqlite');
  const service = await startService(panel.folder);
  const seed = new PortSeed(panel, 'pterodactyl');
  const key = await seed.key(await seed.admin());
  const node = await seed.node();
  await seed.ports(node, portsFrom(5000, 2));
  try {
    const claim = { method: 'POST', path: claimsPath, key, body: { node_ids: [node], count: 1 } };
    expect(refusalOf(await send(service.url, claim))).toMatch(
      /^501 MigrationRequired: .*panel-sidecar migrate/,
    );
    const list = await send(service.url, {
      path: `/api/application/allocations/free?include_held=true&filter[memory]=1`,
      key,
    });
    expect(list.status).toBe(200);
    const summary = await send(service.url, { path: '/api/application/allocations/free?summary=1', key });
    expect(summary.json).toMatchObject({ data: [{ attributes: { total: 2, used: 0, held: 0, free: 2 } }] });
  } finally {
    await service.stop();
    await panel.drop();
  }
});

test('where assigned ports are listed too, one that was taken under a claim is among them', async () => {
  const started = await startPortPanel(createCell('pterodactyl', 'sqlite'), {
    env: { CLIENT_API_SHOW_FREE_ONLY: 'false' },
  });
  try {
    const node = await started.seed.node();
    const [first = 0, second = 0, third = 0] = await started.seed.ports(node, portsFrom(5000, 3));
    await claimingAs(started).claim({ node_ids: [node], count: 2, prefer: 'lowest' });
    await started.seed.server(node, [first]);
    const list = async (query: string) =>
      portsOf(await started.send({ path: `${freeOn({ id: node })}?${query}` }));
    const shown = (await list('')).map(({ id, assigned }) => [id, assigned]);
    expect(shown).toEqual([
      [first, true],
      [third, false],
    ]);
    const all = (await list('include_held=true')).map(({ id, held_until: end }) => [id, end !== null]);
    expect(all).toEqual([
      [first, true],
      [second, true],
      [third, false],
    ]);
  } finally {
    await started.close();
  }
});
