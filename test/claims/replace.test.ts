import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells, isMysqlLike } from '../support/cells.ts';
import { errorsOf, refusalOf } from '../support/client.ts';
import { claimOf, type PortPanel, portsOf, startPortPanel } from '../support/port-panel.ts';
import { activities } from '../support/seed.ts';
import { freeOn } from '../support/sidecar.ts';
import { type Claiming, claimingAs, idsOf, moveClaim, portsFrom } from './claiming.ts';

describe.each(cells)('replacing a claim of %s', (cell) => {
  let started: PortPanel;
  let claiming: Claiming;
  let node: number;
  let portIds: readonly number[];

  beforeAll(async () => {
    started = await startPortPanel(cell, { env: { SIDECAR_CLAIMS_MAX_HELD: '4' } });
    claiming = claimingAs(started);
  });

  afterAll(() => started?.close());

  beforeEach(async () => {
    // Each test holds ports of a user of its own.
    claiming = claimingAs(started, await started.seed.key(await started.seed.admin()));
    node = await started.seed.node({ memory: 1000, disk: 1000 });
    portIds = await started.seed.ports(node, portsFrom(5000, 5));
  });

  const claim = (count: number, more: object = {}) =>
    claiming.claim({ node_ids: [node], count, prefer: 'lowest', ...more });
  const freeIds = async () => portsOf(await started.send({ path: freeOn({ id: node }) })).map(({ id }) => id);
  const statusOf = async (id: string) => (await claiming.view(id)).status;
  const eventsOf = async (id: string) => {
    const text = `cast(properties as ${isMysqlLike(cell) ? 'char' : 'text'})`;
    const rows = await activities(started.panel, `${text} like ?`, [`%${id}%`]);
    return rows.map(({ event }) => event.replace('node:allocation-claim.', ''));
  };

  test('a lost one is replaced in one call, and its other ports are free again', async () => {
    const old = await claim(2, { reference: 'order 1', ttl_seconds: 300 });
    await started.seed.server(node, portIds.slice(0, 1));
    expect(await statusOf(old.id)).toBe('lost');

    const answer = await claiming.replace(old.id);
    expect(answer.status).toBe(201);
    const made = claimOf(answer);
    expect(made).toMatchObject({ node_id: node, status: 'held', reference: 'order 1' });
    expect(made.id).not.toBe(old.id);
    expect(idsOf(made)).toEqual([portIds[1], portIds[2]]);
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBe(300_000);
    expect(await statusOf(old.id)).toBe('released');
    expect(await freeIds()).toEqual(portIds.slice(3));
    expect(await eventsOf(old.id)).toEqual(['create', 'view', 'release', 'view']);
    expect(await eventsOf(made.id)).toEqual(['create']);
  });

  test('what is asked otherwise wins over what was asked before', async () => {
    const old = await claim(1, { reference: 'order 1' });
    const body = { count: 2, consecutive: true, port_range: '5002-5004', reference: 'order 2' };
    const made = claimOf(await claiming.replace(old.id, body));
    expect([idsOf(made), made.reference]).toEqual([[portIds[2], portIds[3]], 'order 2']);
    // And is remembered for the next time.
    const again = claimOf(await claiming.replace(made.id, { prefer: 'lowest', count: 3 }));
    expect(idsOf(again)).toEqual([portIds[2], portIds[3], portIds[4]]);
  });

  test('null drops a range or an address, and leaves the other wishes', async () => {
    const body = { count: 1, port_range: '5001-5002', ip: '10.0.0.1', reference: 'order 1' };
    const old = await claim(1, body);
    const [more = 0] = await started.seed.ports(node, portsFrom(1000, 1, '10.0.0.0'));
    const kept = claimOf(await claiming.replace(old.id, { reference: null, ip: null }));
    expect([idsOf(kept), kept.reference]).toEqual([[portIds[1]], 'order 1']);
    const free = claimOf(await claiming.replace(kept.id, { port_range: null }));
    expect(idsOf(free)).toEqual([more]);
    for (const bad of [{ ip: ['x'] }, { port_range: 5 }, { port_range: '1-2-3' }]) {
      const answer = await claiming.replace(free.id, bad);
      expect([answer.status, errorsOf(answer).map(({ meta }) => meta?.source_field)]).toEqual([
        422,
        Object.keys(bad),
      ]);
    }
  });

  test('nobody holds a port for more than a day, by replacing its claim either', async () => {
    const day = 24 * 3_600_000;
    const old = await claim(2);
    await moveClaim(started, old.id, { beginsIn: 120_000 + 30_000 - day, endsIn: 60_000 });
    const refused = await claiming.replace(old.id, { ttl_seconds: 600 });
    expect(refusalOf(refused)).toBe(
      '422 ValidationException: The claim may not be held for more than 24 hours in all.',
    );
    const made = claimOf(await claiming.replace(old.id, { count: 1, ttl_seconds: 60 }));
    expect(idsOf(made)).toEqual(portIds.slice(0, 1));
    expect(Date.parse(made.created_at)).toBeGreaterThan(Date.parse(old.created_at) - 1000);
    expect((await claiming.extend(made.id, { ttl_seconds: 600 })).status).toBe(422);
    expect((await claiming.extend(made.id, { ttl_seconds: 60 })).status).toBe(200);
    // Other ports begin a day of their own.
    const other = claimOf(await claiming.replace(made.id, { port_range: '5003', ttl_seconds: 600 }));
    expect((await claiming.extend(other.id, { ttl_seconds: 3600 })).status).toBe(200);
  });

  test('where there is nothing for the new one, the old one stays held', async () => {
    const old = await claim(2);
    const refused = await claiming.replace(old.id, { port_range: '6000-6010' });
    expect(refusalOf(refused)).toBe(
      '409 no_free_allocation: No matching node has 2 free ports from 6000 to 6010.',
    );
    const tooMany = await claiming.replace(old.id, { count: 5 });
    expect(refusalOf(tooMany)).toBe(
      '429 claims_limit: Your claims hold 0 ports, and may hold 4: use or release some first.',
    );
    const noRoom = await claiming.replace(old.id, { memory: 1001 });
    expect(refusalOf(noRoom)).toBe(
      '409 no_free_allocation: No matching node has room for 1001 MiB of memory and 0 MiB of disk.',
    );
    expect(await statusOf(old.id)).toBe('held');
    expect(await freeIds()).toEqual(portIds.slice(2));
    expect(await eventsOf(old.id)).toEqual(['create', 'view']);
  });

  test('the old ports count as free for the new one, and so does the room', async () => {
    const old = await claim(4, { memory: 900, disk: 900 });
    await started.seed.server(node, portIds.slice(4));
    const made = claimOf(await claiming.replace(old.id, { memory: 1000, disk: 1000 }));
    expect(idsOf(made)).toEqual(portIds.slice(0, 4));
    expect([await statusOf(old.id), await statusOf(made.id)]).toEqual(['released', 'held']);
    expect(await freeIds()).toEqual([]);
    const holds = await started.panel.query('select distinct claim_id from sidecar_holds where node_id = ?', [
      node,
    ]);
    expect(holds).toEqual([{ claim_id: made.id }]);
  });

  test.each(['used', 'released', 'expired'])('one that is %s cannot be replaced', async (status) => {
    const { id } = await claim(1);
    if (status === 'used') await started.seed.server(node, portIds.slice(0, 1));
    if (status === 'released') await claiming.release(id);
    if (status === 'expired') await moveClaim(started, id, { endsIn: -1 });
    expect(refusalOf(await claiming.replace(id))).toBe(
      `409 ConflictHttpException: This claim is ${status} and cannot be replaced.`,
    );
    expect(await statusOf(id)).toBe(status);
  });

  test('of many replacements at once, one is made', async () => {
    const { id } = await claim(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => claiming.replace(id)));
    const made = answers.filter(({ status }) => status === 201).map((answer) => claimOf(answer).id);
    expect(made).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 201).map(refusalOf);
    expect([...new Set(others)]).toEqual([
      '409 ConflictHttpException: This claim is released and cannot be replaced.',
    ]);
    const holds = await started.panel.query('select distinct claim_id from sidecar_holds where node_id = ?', [
      node,
    ]);
    expect(holds).toEqual([{ claim_id: made[0] }]);
  });
});
