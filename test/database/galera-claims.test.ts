import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../doctor/examine.ts';
import { allCells } from '../support/cells.ts';
import { type Answer, refusalOf } from '../support/client.ts';
import { GaleraCluster } from '../support/galera-cluster.ts';
import { claimOf, claimsPath } from '../support/port-panel.ts';
import type { SeededNode } from '../support/seed.ts';
import { startTwoWriters, type TwoWriters } from './two-writers.ts';

const most = 10;

let cluster: GaleraCluster;
beforeAll(async () => {
  cluster = await GaleraCluster.start();
});
afterAll(() => cluster?.stop());

const onMariadb = allCells.filter(({ on }) => on === 'mariadb');

describe.each(onMariadb)('claims through two Galera nodes, %s', (cell) => {
  let writers: TwoWriters;
  let keys: readonly string[];
  beforeAll(async () => {
    const env = { SIDECAR_CLAIMS_MAX_HELD: String(most) };
    writers = await startTwoWriters(cell, cluster, { ownTables: true, env });
    const made: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      made.push((await writers.seed.key(await writers.seed.user({ admin: true }))).bearer);
    }
    keys = made;
  });
  afterAll(() => writers?.close());

  /** Claims of a node sent all at once, each as another user unless one key is given. */
  async function storm(node: SeededNode, count: number, body: object, key?: string) {
    await writers.settled();
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        writers.send(index, {
          ...{ method: 'POST', path: claimsPath, body: { node_ids: [node.id], count: 1, ...body } },
          key: key ?? keys[index] ?? '',
        }),
      ),
    );
    await writers.settled();
    return answers;
  }

  const portsOf = (answers: readonly Answer[]) =>
    answers
      .filter(({ status }) => status === 201)
      .flatMap((answer) => claimOf(answer).ports.map(({ id }) => id))
      .sort((a, b) => a - b);
  const refusals = (answers: readonly Answer[]) => [
    ...new Set(answers.filter(({ status }) => status !== 201).map(refusalOf)),
  ];

  async function heldOf(node: SeededNode): Promise<number[]> {
    const rows = await writers.panel.query('select allocation_id from sidecar_holds where node_id = ?', [
      node.id,
    ]);
    return rows.map((row) => Number(row.allocation_id)).sort((a, b) => a - b);
  }

  test.each([[{}], [{ prefer: 'lowest' }]])('no port is held twice (%j)', async (body) => {
    const node = await writers.seed.node(20);
    const answers = await storm(node, 60, body);
    const ports = portsOf(answers);
    expect(new Set(ports).size).toBe(20);
    expect(ports).toHaveLength(20);
    expect(await heldOf(node)).toEqual(ports);
    expect(refusals(answers)).toEqual(['409 no_free_allocation: No matching node has 1 free port.']);
  });

  test('a user holds no more than the limit', async () => {
    const node = await writers.seed.node(40);
    const { bearer } = await writers.seed.key(await writers.seed.user({ admin: true }));
    const answers = await storm(node, 40, {}, bearer);
    expect(portsOf(answers)).toHaveLength(most);
    expect(await heldOf(node)).toHaveLength(most);
    expect(refusals(answers)).toEqual([
      `429 claims_limit: Your claims hold ${most} ports, and may hold ${most}: use or release some first.`,
    ]);
  });

  test('a node promises no more memory than it has', async () => {
    const node = await writers.seed.node(40);
    const answers = await storm(node, 40, { memory: 200, disk: 1 });
    expect(portsOf(answers)).toHaveLength(5);
    expect(await heldOf(node)).toHaveLength(5);
    expect(refusals(answers)).toEqual([
      '409 no_free_allocation: No matching node has room for 200 MiB of memory and 1 MiB of disk.',
    ]);
  });

  test('doctor tells of the cluster, and finds the printed rights to be enough', async () => {
    const { detail } = await examine(writers.panel, 'database');
    expect(detail).toContain('one of 2 Galera nodes');
    expect((await examine(writers.panel, 'privileges')).status).toBe('ok');
  });

  test('no log line of either service tells of a conflict', () => {
    expect(writers.troubles()).toEqual([]);
  });
});
