import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf } from '../support/client.ts';
import { claimOf, type PortPanel, startPortPanel } from '../support/port-panel.ts';
import { type Claiming, claimingAs, idsOf, portsFrom } from './claiming.ts';

const most = 20;

describe.each(cells)('what claims may hold of %s, with two services', (cell) => {
  let started: PortPanel;
  let node: number;
  let portIds: readonly number[];

  beforeAll(async () => {
    started = await startPortPanel(cell, { count: 2, env: { SIDECAR_CLAIMS_MAX_HELD: String(most) } });
  });

  afterAll(() => started?.close());

  beforeEach(async () => {
    node = await started.seed.node({ memory: 10_000, disk: 10_000 });
    portIds = await started.seed.ports(node, portsFrom(5000, 60));
  });

  /** So many new users, by turns at the two services. */
  async function users(count: number): Promise<readonly Claiming[]> {
    const claimings: Claiming[] = [];
    for (let index = 0; index < count; index += 1) {
      const key = await started.seed.key(await started.seed.admin());
      claimings.push(claimingAs(started, key, index % 2));
    }
    return claimings;
  }

  /** Sends claims all at once, by turns as each of the users. */
  const storm = (claimings: readonly Claiming[], count: number, body: object) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const claiming = claimings[index % claimings.length];
        return claiming?.tryClaim({ node_ids: [node], ...body });
      }),
    ).then((answers) => answers.filter((answer) => answer !== undefined));

  const heldBy = (answers: readonly Answer[]) =>
    answers.filter(({ status }) => status === 201).flatMap((answer) => idsOf(claimOf(answer)));
  const refusals = (answers: readonly Answer[]) => [
    ...new Set(answers.filter(({ status }) => status !== 201).map(refusalOf)),
  ];

  test('a user holds no more than the limit, whatever runs at once', async () => {
    const key = await started.seed.key(await started.seed.admin());
    const both = [claimingAs(started, key, 0), claimingAs(started, key, 1)];
    const answers = await storm(both, 50, { count: 1 });
    expect(new Set(heldBy(answers)).size).toBe(most);
    const detail = `Your claims hold ${most} ports, and may hold ${most}: use or release some first.`;
    expect(refusals(answers)).toEqual([`429 claims_limit: ${detail}`]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers['retry-after']).toBe('60');

    const [first] = answers.filter(({ status }) => status === 201);
    if (first === undefined || both[1] === undefined) throw new Error('no claim was made');
    await both[1].release(claimOf(first).id);
    expect((await both[1].claim({ node_ids: [node], count: 1 })).status).toBe('held');
    const [other] = await users(1);
    expect((await other?.claim({ node_ids: [node], count: most }))?.status).toBe('held');
  });

  test('ports that a server has count as held no more', async () => {
    const [claiming] = await users(1);
    if (claiming === undefined) throw new Error('no user');
    const ids = idsOf(await claiming.claim({ node_ids: [node], count: 15 }));
    expect(refusalOf(await claiming.tryClaim({ node_ids: [node], count: 6 }))).toMatch(
      /^429 .*hold 15 ports/,
    );
    await started.seed.server(node, ids.slice(0, 1));
    expect((await claiming.claim({ node_ids: [node], count: 6 })).status).toBe('held');
  });

  test('claims never promise more memory and disk than a node has', async () => {
    for (const [body, most] of [
      [{ memory: 1000, disk: 1 }, 10],
      [{ memory: 1, disk: 3000 }, 0],
    ] as const) {
      const answers = await storm(await users(6), 30, { count: 1, ...body });
      expect(heldBy(answers)).toHaveLength(most);
      const [held] = await started.panel.query(
        'select sum(memory) as memory from sidecar_claims where node_id = ? and outcome is null',
        [node],
      );
      expect(Number(held?.memory)).toBe(10_000);
      const { memory, disk } = body;
      const detail = `No matching node has room for ${memory} MiB of memory and ${disk} MiB of disk.`;
      expect(refusals(answers)).toEqual([`409 no_free_allocation: ${detail}`]);
    }
  });

  test('the room of a claim passes to its server, and counts once', async () => {
    const [claiming] = await users(1);
    if (claiming === undefined) throw new Error('no user');
    const size = { memory: 6000, disk: 6000 };
    const ids = idsOf(await claiming.claim({ node_ids: [node], count: 2, ...size }));
    await started.seed.server(node, ids, size);
    const rest = { memory: 4000, disk: 4000 };
    expect((await claiming.claim({ node_ids: [node], count: 1, ...rest })).status).toBe('held');
    expect((await claiming.tryClaim({ node_ids: [node], count: 1, memory: 1 })).status).toBe(409);
  });

  test.each(['random', 'lowest'])('all who want ports get some while there are any: %s', async (prefer) => {
    const answers = await storm(await users(12), 30, { count: 2, prefer });
    expect(refusals(answers)).toEqual([]);
    expect(heldBy(answers).toSorted((a, b) => a - b)).toEqual(portIds);
  });

  test('runs are shared out as well', async () => {
    const answers = await storm(await users(10), 20, { count: 3, consecutive: true, prefer: 'lowest' });
    expect(refusals(answers)).toEqual([]);
    expect(heldBy(answers).toSorted((a, b) => a - b)).toEqual(portIds);
  });
});
