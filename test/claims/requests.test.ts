import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells, createCell } from '../support/cells.ts';
import { errorsOf, refusalOf, send } from '../support/client.ts';
import { createPanelDatabase } from '../support/panel-database.ts';
import { claimOf, claimsPath, type PortPanel, portsOf, startPortPanel } from '../support/port-panel.ts';
import { PortSeed } from '../support/port-seed.ts';
import { activities } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn } from '../support/sidecar.ts';
import { type Claiming, claimingAs, idsOf, moveClaim, portsFrom } from './claiming.ts';

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

  describe('with an Idempotency-Key', () => {
    const headers = { 'idempotency-key': 'order-1' };

    test('a repeat gets the first answer, though no port is free any more', async () => {
      const body = { node_ids: [node], count: 5 };
      const first = await claiming.tryClaim(body, { 'idempotency-key': `all-${node}` });
      expect([first.status, first.headers['idempotent-replayed']]).toEqual([201, undefined]);
      const again = await claiming.tryClaim(body, { 'idempotency-key': `all-${node}` });
      expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
      expect(again.json).toEqual(first.json);
      const other = await claiming.tryClaim(body, { 'idempotency-key': `more-${node}` });
      expect(other.status).toBe(409);
      const different = await claiming.tryClaim({ ...body, count: 4 }, { 'idempotency-key': `all-${node}` });
      expect(errorsOf(different).map(({ meta }) => meta?.source_field)).toEqual(['Idempotency-Key']);
    });

    const once = (name: string) => ({ 'idempotency-key': `${name}-${node}` });

    test('a repeat gets the first answer too when the claim was extended, or a server has its ports', async () => {
      const body = { node_ids: [node], count: 2, ttl_seconds: 77 };
      const first = await claiming.tryClaim(body, once('late'));
      const { id } = claimOf(first);
      await claiming.extend(id, { ttl_seconds: 600 });
      expect((await claiming.tryClaim(body, once('late'))).json).toEqual(first.json);
      await started.seed.server(node, idsOf(claimOf(first)));
      const again = await claiming.tryClaim(body, once('late'));
      expect([again.status, again.json]).toEqual([201, first.json]);
      expect((await claiming.view(id)).status).toBe('used');
    });

    test.each(['released', 'expired', 'lost'])(
      'a repeat for a claim that is %s is refused',
      async (status) => {
        const body = { node_ids: [node], count: 2 };
        const { id, ports } = claimOf(await claiming.tryClaim(body, once(status)));
        if (status === 'released') await claiming.release(id);
        if (status === 'expired') await moveClaim(started, id, { endsIn: -1 });
        if (status === 'lost')
          await started.seed.server(
            node,
            ports.slice(0, 1).map((port) => port.id),
          );
        // Others may hold its ports now.
        if (status !== 'lost') await claiming.claim({ node_ids: [node], count: 5 });
        const again = await claiming.tryClaim(body, once(status));
        expect(refusalOf(again)).toBe(
          `409 ConflictHttpException: The claim that the first request with this Idempotency-Key made is ${status}.`,
        );
        expect(again.headers['idempotent-replayed']).toBeUndefined();
      },
    );

    test('a repeat is recorded as a look at the claim', async () => {
      const body = { node_ids: [node], count: 1 };
      const { id } = claimOf(await claiming.tryClaim(body, once('seen')));
      await claiming.tryClaim(body, once('seen'));
      const rows = await activities(started.panel, 'event like ?', ['node:allocation-claim.%']);
      const own = rows.filter(({ properties }) => (properties as { claim_id: string }).claim_id === id);
      expect(own.map(({ event }) => event)).toEqual([
        'node:allocation-claim.create',
        'node:allocation-claim.view',
      ]);
    });

    test('a hundred ports with long aliases and notes can be claimed', async () => {
      const ports = portsFrom(20_000, 100).map((port) => ({ ...port, alias: 'ä'.repeat(190) }));
      const ids = await started.seed.ports(node, ports);
      await started.panel.execute(`update allocations set notes = ? where id in (${ids.join()})`, [
        'ü'.repeat(190),
      ]);
      const body = { node_ids: [node], count: 100, port_range: '20000-20099' };
      const first = await claiming.tryClaim(body, once('long'));
      expect([first.status, claimOf(first).ports.length]).toEqual([201, 100]);
      expect((await claiming.tryClaim(body, once('long'))).json).toEqual(first.json);
    });

    test('a request that found nothing may find something later', async () => {
      const body = { node_ids: [node], count: 1, port_range: '9000' };
      expect((await claiming.tryClaim(body, headers)).status).toBe(409);
      await started.seed.ports(node, portsFrom(9000, 1));
      const answer = await claiming.tryClaim(body, headers);
      expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([201, undefined]);
    });

    test('after more than a day it is a new request', async () => {
      const body = { node_ids: [node], count: 1 };
      const once = { 'idempotency-key': `daily-${node}` };
      const first = await claiming.tryClaim(body, once);
      await started.panel.execute('update sidecar_idempotency set created_at = created_at - 86400001');
      const second = await claiming.tryClaim(body, once);
      expect([second.status, second.headers['idempotent-replayed']]).toEqual([201, undefined]);
      expect(claimOf(second).id).not.toBe(claimOf(first).id);
    });

    test('of many at once, one takes effect', async () => {
      const body = { node_ids: [node], count: 2 };
      const key = { 'idempotency-key': `storm-${node}` };
      const answers = await Promise.all(Array.from({ length: 12 }, () => claiming.tryClaim(body, key)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      const replayed = answers.filter((answer) => answer.headers['idempotent-replayed'] === 'true');
      expect(replayed).toHaveLength(11);
      const holds = await started.panel.query('select allocation_id from sidecar_holds where node_id = ?', [
        node,
      ]);
      const [first] = answers;
      expect(holds.map((hold) => hold.allocation_id).toSorted()).toEqual(
        first === undefined ? [] : [...idsOf(claimOf(first))].toSorted(),
      );
    });
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
