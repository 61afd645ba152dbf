import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import {
  claimOf,
  claimsPath,
  freeAnywhere,
  type PortPanel,
  portsOf,
  startPortPanel,
} from '../support/port-panel.ts';
import { freeOn, until } from '../support/sidecar.ts';
import { type Claiming, claimingAs, idsOf, moveClaim, portsFrom } from './claiming.ts';

const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';

describe.each(cells)('the life of a claim of %s', (cell) => {
  let started: PortPanel;
  let claiming: Claiming;
  let node: number;
  let portIds: readonly number[];

  beforeAll(async () => {
    started = await startPortPanel(cell);
    claiming = claimingAs(started);
  });

  afterAll(() => started?.close());

  beforeEach(async () => {
    node = await started.seed.node();
    portIds = await started.seed.ports(node, portsFrom(5000, 6));
  });

  const claim = (count: number, more: object = {}) =>
    claiming.claim({ node_ids: [node], count, prefer: 'lowest', ...more });
  const freeIds = async (query = '') =>
    portsOf(await started.send({ path: `${freeOn({ id: node })}?per_page=100${query}` })).map(({ id }) => id);
  const statusOf = async (id: string) => (await claiming.view(id)).status;
  const holdsOf = (id: string) => started.panel.query('select * from sidecar_holds where claim_id = ?', [id]);
  const outcomeOf = async (id: string) => {
    const [row] = await started.panel.query('select outcome from sidecar_claims where id = ?', [id]);
    return row?.outcome;
  };

  test('it is answered with its ports, its end and its reference, and can be read again', async () => {
    const body = { node_ids: [node], count: 2, ttl_seconds: 90, reference: 'order 4711', prefer: 'lowest' };
    const answer = await claiming.tryClaim(body);
    expect(answer.status).toBe(201);
    const { id, created_at: created, expires_at: expires } = claimOf(answer);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.abs(Date.parse(created) - Date.now())).toBeLessThan(10_000);
    expect(Date.parse(expires) - Date.parse(created)).toBe(90_000);
    const port = (index: number) => ({
      object: 'allocation',
      attributes: {
        ...{ id: portIds[index], ip: '10.0.0.1', alias: null, port: 5000 + index, notes: null },
        assigned: false,
      },
    });
    expect(answer.json).toEqual({
      object: 'allocation_claim',
      attributes: {
        ...{ id, node_id: node, status: 'held', reference: 'order 4711' },
        ...{ expires_at: expires, created_at: created },
        relationships: { allocations: { object: 'list', data: [port(0), port(1)] } },
      },
    });
    const again = await started.send({ path: `${claimsPath}/${id}` });
    expect([again.status, again.json]).toEqual([200, answer.json]);
    const [row] = await started.panel.query(
      'select memory, disk, user_id, wish from sidecar_claims where id = ?',
      [id],
    );
    expect({ ...row, wish: JSON.parse(String(row?.wish)) }).toMatchObject({
      user_id: started.admin,
      wish: body,
    });
  });

  test('it lasts two minutes unless asked otherwise', async () => {
    const { created_at: created, expires_at: expires } = await claim(1);
    expect(Date.parse(expires) - Date.parse(created)).toBe(120_000);
  });

  test('its ports are in no list of free ports and in no total, but can be shown', async () => {
    const { id, expires_at: expires } = await claim(2);
    expect(await freeIds()).toEqual(portIds.slice(2));
    expect(await freeIds('&cursor=')).toEqual(portIds.slice(2));
    expect(await freeIds('&sort=-port')).toEqual(portIds.slice(2).toReversed());
    const across = await started.send({ path: `${freeAnywhere}?filter[node_ids]=${node}` });
    expect(portsOf(across).map((port) => port.id)).toEqual(portIds.slice(2));
    const numbered = await started.send({ path: freeOn({ id: node }) });
    expect(numbered.json).toMatchObject({ meta: { pagination: { total: 4, count: 4 } } });

    const all = await started.send({ path: `${freeOn({ id: node })}?include_held=true` });
    expect(all.json).toMatchObject({ meta: { pagination: { total: 6, count: 6 } } });
    expect(portsOf(all).map((port) => port.held_until)).toEqual([expires, expires, null, null, null, null]);
    const runs = await started.send({ path: `${freeOn({ id: node })}?consecutive=3&include_held=true` });
    const { data } = runs.json as { data: { attributes: object }[] };
    expect(data.map(({ attributes }) => attributes)).toMatchObject([
      { from: 5000, to: 5002, held_until: expires },
      { from: 5003, to: 5005, held_until: null },
    ]);
    const free = await started.send({ path: `${freeOn({ id: node })}?consecutive=3` });
    expect(free.json).not.toHaveProperty('data.0.attributes.held_until');
    await claiming.release(id);
    expect(await freeIds()).toEqual(portIds);
  });

  test('released, its ports are free at once; releasing it again changes nothing', async () => {
    const { id } = await claim(3);
    const answer = await claiming.release(id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await statusOf(id)).toBe('released');
    expect(await freeIds()).toEqual(portIds);
    const other = await claim(3);
    expect((await claiming.release(id)).status).toBe(204);
    expect(await statusOf(other.id)).toBe('held');
    expect(await freeIds()).toEqual(portIds.slice(3));
  });

  test('at its time it ends by itself', async () => {
    const { id } = await claim(6, { ttl_seconds: 1 });
    expect(await freeIds()).toEqual([]);
    await until(async () => (await freeIds()).length === 6);
    expect(await statusOf(id)).toBe('expired');
    const next = await claim(6);
    expect(idsOf(next)).toEqual(portIds);
    await until(async () => (await outcomeOf(id)) === 'expired');
    expect(await holdsOf(next.id)).toHaveLength(6);
    expect((await claiming.release(id)).status).toBe(204);
    expect(await statusOf(id)).toBe('expired');
    expect(refusalOf(await claiming.extend(id, { ttl_seconds: 60 }))).toBe(
      '409 ConflictHttpException: This claim is expired and cannot be extended.',
    );
  });

  test('one that has ended is not used by the server of whoever had its ports after it', async () => {
    const { id } = await claim(2);
    const other = await claim(1);
    await moveClaim(started, id, { endsIn: -1 });
    await moveClaim(started, other.id, { endsIn: -1 });
    const next = await claim(3);
    expect(idsOf(next)).toEqual(portIds.slice(0, 3));
    await started.seed.server(node, portIds.slice(0, 3));
    expect(await Promise.all([id, other.id, next.id].map(outcomeOf))).toEqual(['expired', 'expired', null]);
    expect(await Promise.all([id, other.id, next.id].map(statusOf))).toEqual(['expired', 'expired', 'used']);
    expect(await holdsOf(id)).toEqual([]);
  });

  test('one whose ports are taken over in part lets go of all of them', async () => {
    const { id } = await claim(3);
    await moveClaim(started, id, { endsIn: -1 });
    await claim(1);
    expect(await outcomeOf(id)).toBe('expired');
    expect(await holdsOf(id)).toEqual([]);
  });

  test('one that has ended is used still where nobody else had its ports before the server', async () => {
    const { id } = await claim(2);
    await started.seed.server(node, portIds.slice(0, 2));
    await moveClaim(started, id, { endsIn: -1 });
    expect(await statusOf(id)).toBe('used');
  });

  test("it is used once all its ports are one server's, and stays so when the server is gone", async () => {
    const { id } = await claim(2);
    const server = await started.seed.server(node, portIds.slice(0, 2));
    const shown = await claiming.view(id);
    expect([shown.status, shown.ports.map(({ assigned }) => assigned)]).toEqual(['used', [true, true]]);
    await started.seed.deleteServer(server);
    expect(await statusOf(id)).toBe('used');
    expect(await freeIds()).toEqual(portIds);
    expect(refusalOf(await claiming.extend(id, { ttl_seconds: 60 }))).toBe(
      '409 ConflictHttpException: This claim is used and cannot be extended.',
    );
    expect((await claiming.release(id)).status).toBe(204);
    expect(await statusOf(id)).toBe('used');
  });

  test('that it is used is noticed though nobody asks', async () => {
    const { id } = await claim(2);
    const server = await started.seed.server(node, portIds.slice(0, 2));
    await until(async () => (await outcomeOf(id)) === 'used');
    expect(await holdsOf(id)).toEqual([]);
    await started.seed.deleteServer(server);
    expect(await freeIds()).toEqual(portIds);
    expect(await statusOf(id)).toBe('used');
  });

  test('it is lost when the panel gives one of its ports to a server, and keeps the others', async () => {
    const { id } = await claim(3);
    const server = await started.seed.server(node, portIds.slice(1, 2));
    expect(await statusOf(id)).toBe('lost');
    expect(await freeIds()).toEqual(portIds.slice(3));
    expect(refusalOf(await claiming.extend(id, { ttl_seconds: 60 }))).toBe(
      '409 ConflictHttpException: This claim is lost and cannot be extended.',
    );
    // A server to which the panel gives one port after the other has them all in the end.
    await started.seed.assign(server, portIds.slice(0, 3));
    expect(await statusOf(id)).toBe('used');
  });

  test('it is lost when its ports are with two servers', async () => {
    const { id } = await claim(2);
    await started.seed.server(node, portIds.slice(0, 1));
    await started.seed.server(node, portIds.slice(1, 2));
    expect(await statusOf(id)).toBe('lost');
    expect((await claiming.release(id)).status).toBe(204);
    expect(await statusOf(id)).toBe('released');
  });

  test('it is lost when a port is deleted in the panel', async () => {
    const { id } = await claim(2);
    await started.panel.execute('delete from allocations where id = ?', [portIds[0] ?? 0]);
    const shown = await claiming.view(id);
    expect([shown.status, idsOf(shown)]).toEqual(['lost', [portIds[1]]]);
    await moveClaim(started, id, { endsIn: -1 });
    expect(await statusOf(id)).toBe('expired');
  });

  test('extended, it lasts so long from then on', async () => {
    const { id, created_at: created } = await claim(2, { ttl_seconds: 5 });
    const answer = await claiming.extend(id, { ttl_seconds: '3600' });
    expect(answer.status).toBe(200);
    const extended = claimOf(answer);
    expect(extended).toMatchObject({ id, status: 'held', created_at: created });
    const seconds = (Date.parse(extended.expires_at) - Date.parse(created)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(3600);
    expect(seconds).toBeLessThan(3620);
    expect(await claiming.view(id)).toEqual(extended);
    const holds = await holdsOf(id);
    const [row] = await started.panel.query('select expires_at from sidecar_claims where id = ?', [id]);
    expect(holds.map((hold) => hold.expires_at)).toEqual([row?.expires_at, row?.expires_at]);
    const shorter = claimOf(await claiming.extend(id, { ttl_seconds: 1 }));
    expect(Date.parse(shorter.expires_at)).toBeLessThan(Date.parse(extended.expires_at));
  });

  test('it lasts a day at the most, with all its extensions', async () => {
    const { id } = await claim(1);
    const day = 24 * 3_600_000;
    await moveClaim(started, id, { beginsIn: 3_600_000 + 30_000 - day, endsIn: 60_000 });
    expect((await claiming.extend(id, { ttl_seconds: 3600 })).status).toBe(200);
    await moveClaim(started, id, { beginsIn: 3_600_000 - 1000 - day, endsIn: 60_000 });
    expect(refusalOf(await claiming.extend(id, { ttl_seconds: 3600 }))).toBe(
      '422 ValidationException: The claim may not be held for more than 24 hours in all.',
    );
    expect((await claiming.extend(id, { ttl_seconds: 3000 })).status).toBe(200);
  });

  test('it cannot be extended once another holds one of its ports', async () => {
    const { id } = await claim(2);
    // As where it ended and began anew for others between the look at it and the change.
    await started.panel.execute('delete from sidecar_holds where allocation_id = ?', [portIds[1] ?? 0]);
    expect(refusalOf(await claiming.extend(id, { ttl_seconds: 60 }))).toBe(
      '409 ConflictHttpException: This claim is expired and cannot be extended.',
    );
  });

  test('ports added a moment ago are listed and claimed, whatever their row ids are', async () => {
    const { panel } = started;
    const [row] = await panel.query('select max(id) as last from allocations');
    const other = await started.seed.node();
    const far = (step: number, owner: number) => ({
      ...{ id: Number(row?.last) + 3000 * step, node_id: owner, ip: '10.0.0.1', port: 6000 + step },
    });
    await insertRows(panel, 'allocations', [far(1, other)]);
    expect(await freeIds()).toEqual(portIds);
    expect(idsOf(await claim(6, { prefer: 'random' }))).toEqual(portIds);

    const late = [far(2, node), far(3, other), far(4, node)];
    await insertRows(panel, 'allocations', late);
    const added = late.filter((port) => port.node_id === node).map(({ id }) => id);
    expect(await freeIds()).toEqual(added);
    expect(await freeIds('&cursor=&sort=-id')).toEqual(added.toReversed());
    expect(idsOf(await claim(2, { prefer: 'random' })).toSorted()).toEqual(added.toSorted());
    expect(await freeIds()).toEqual([]);

    // As by a transaction that was under way when those of others were added.
    const between = far(0.5, node);
    await insertRows(panel, 'allocations', [{ ...between, port: 6999 }]);
    expect(await freeIds()).toEqual([between.id]);
    expect(idsOf(await claim(1, { prefer: 'random' }))).toEqual([between.id]);
  });

  test('only credentials of its user may touch it, but any of them', async () => {
    const { id } = await claim(2);
    const sameUser = claimingAs(started, await started.seed.key(started.admin));
    const other = claimingAs(started, await started.seed.key(await started.seed.admin()));
    await expect(other.view(id)).rejects.toThrow(/^404/);
    for (const answer of [await other.release(id), await other.replace(id)]) {
      expect(refusalOf(answer)).toBe(notFound);
    }
    expect(refusalOf(await other.extend(id, { ttl_seconds: 60 }))).toBe(notFound);
    expect((await sameUser.view(id)).status).toBe('held');
    expect((await sameUser.extend(id, { ttl_seconds: 60 })).status).toBe(200);
    expect((await sameUser.release(id)).status).toBe(204);
    expect(await statusOf(id)).toBe('released');
  });

  test.each(['0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77', 'nothing', '1'])('%s is no claim', async (id) => {
    await expect(claiming.view(id)).rejects.toThrow(/^404/);
    expect((await claiming.release(id)).status).toBe(404);
    expect((await claiming.extend(id, { ttl_seconds: 60 })).status).toBe(404);
    expect((await claiming.replace(id)).status).toBe(404);
  });
});
