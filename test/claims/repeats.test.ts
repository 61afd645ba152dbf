import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf, refusalOf } from '../support/client.ts';
import { claimOf, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { activities } from '../support/seed.ts';
import { type Claiming, claimingAs, idsOf, moveClaim, portsFrom } from './claiming.ts';

describe.each(cells)('claims of %s with an Idempotency-Key', (cell) => {
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
    await started.seed.ports(node, portsFrom(5000, 5));
  });

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

  test.each(['released', 'expired', 'lost'])('a repeat for a claim that is %s is refused', async (status) => {
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
  });

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
