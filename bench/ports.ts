import Table from 'cli-table3';
import { claimingAs, idsOf } from '../test/claims/claiming.ts';
import { freeAnywhere } from '../test/support/port-panel.ts';
import { freeOn } from '../test/support/sidecar.ts';
import { createPortsSetting, type PortsSetting, portsOnNode, takenShare } from './ports-setting.ts';

const pages = 40;
const claims = 200;

/** What was measured, what it was measured against, and what it must not exceed. */
export interface Measurement {
  readonly what: string;
  readonly ms: number;
  readonly against: string;
  readonly bound: string;
  readonly isWithin: boolean;
}

/** Measures the free ports of a node with a million of them, beside the panel's own queries. */
export async function measurePorts(): Promise<Measurement[]> {
  const setting = await createPortsSetting();
  try {
    return [
      ...(await measurePages(setting)),
      ...(await measureCursors(setting)),
      ...(await measureClaims(setting)),
    ];
  } finally {
    await setting.stop();
  }
}

/** The first page with its total, as the panel asks for it and as the service answers, by turns. */
async function measurePages(setting: PortsSetting): Promise<Measurement[]> {
  const where = `where allocations.node_id = ${setting.node} and server_id is null`;
  const panel: number[] = [];
  const service: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    panel.push(
      await timed(async () => {
        await setting.query(`select count(*) as aggregate from allocations ${where}`);
        await setting.query(`select * from allocations ${where} limit 50 offset 0`);
      }),
    );
    for (let count = 0; count < pages / 5; count += 1)
      service.push(await timed(() => get(setting, freeOn({ id: setting.node }))));
  }
  const [ours, theirs] = [median(service), median(panel)];
  return [
    {
      ...{
        what: 'page 1 with its total',
        ms: ours,
        against: `${theirs.toFixed(1)} ms of the panel's queries`,
      },
      ...{ bound: '1/20', isWithin: ours <= theirs / 20 },
    },
  ];
}

/** The first page by cursor, and one far behind: of the node, and of all nodes. */
async function measureCursors(setting: PortsSetting): Promise<Measurement[]> {
  const results: Measurement[] = [];
  const lists = { '': freeOn({ id: setting.node }), ' across nodes': freeAnywhere };
  for (const [where, path] of Object.entries(lists)) {
    for (const sort of ['id', 'ip', 'port', '-id', '-ip', '-port']) {
      // Without an index that gives the order, each page takes long.
      const count = where === '' && !sort.endsWith('port') ? pages : 5;
      const far = await placeFarBehind(setting, sort);
      const first: number[] = [];
      const deep: number[] = [];
      for (let round = 0; round < count; round += 1) {
        first.push(await timed(() => get(setting, `${path}?sort=${sort}&cursor=`)));
        deep.push(await timed(() => get(setting, `${path}?sort=${sort}&cursor=${far}`)));
      }
      const [near, distant] = [median(first), median(deep)];
      results.push({
        ...{ what: `page by cursor at 95 %, ${sort}${where}`, ms: distant },
        ...{ against: `${near.toFixed(1)} ms of the first`, bound: '1.5 times' },
        isWithin: distant <= near * 1.5,
      });
    }
  }
  return results;
}

async function placeFarBehind({ panel, node }: PortsSetting, sort: string): Promise<string> {
  const by = sort.replace('-', '');
  const columns = { id: ['id'], ip: ['ip', 'port', 'id'], port: ['port', 'ip', 'id'] }[by] ?? [];
  const order = columns.map((column) => `${column} ${sort === by ? 'asc' : 'desc'}`).join();
  const [row] = await panel.query(
    `select id, ip, port from allocations where node_id = ? and server_id is null
     order by ${order} limit 1 offset 95000`,
    [node],
  );
  const place = columns.map((column) => row?.[column]);
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** Claims one after the other; each is kept, so that no two find the same ports. */
async function measureClaims(setting: PortsSetting): Promise<Measurement[]> {
  const claiming = claimingAs(setting);
  const wishes = {
    'claim of 4 consecutive ports': { count: 4, consecutive: true },
    'claim of 4 ports on one address': { count: 4, same_ip: true },
    'claim of 4 ports': { count: 4 },
  };
  const results: Measurement[] = [];
  for (const [what, wish] of Object.entries(wishes)) {
    const times: number[] = [];
    const made: string[] = [];
    for (let count = 0; count < claims; count += 1) {
      times.push(
        await timed(async () => {
          const claim = await claiming.claim({ node_ids: [setting.node], ttl_seconds: 600, ...wish });
          if (idsOf(claim).length !== 4) throw new Error('a claim of the wrong size');
          made.push(claim.id);
        }),
      );
    }
    for (const id of made) await claiming.release(id);
    const ms = median(times);
    results.push({ what, ms, against: '', bound: '10 ms', isWithin: ms < 10 });
  }
  return results;
}

async function get({ send }: PortsSetting, path: string): Promise<void> {
  const answer = await send({ path });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The measurements as a table, under what they were made on. */
export function renderPorts(results: readonly Measurement[]): string {
  const table = new Table({
    head: ['what', 'ms', 'against', 'bound', ''],
    colAligns: ['left', 'right', 'left', 'left', 'left'],
    style: { head: [], border: [] },
  });
  for (const { what, ms, against, bound, isWithin } of results) {
    table.push([what, ms.toFixed(1), against, bound, isWithin ? 'within' : 'over']);
  }
  return `${portsOnNode} ports on one node, ${takenShare * 100} % taken; medians\n${table.toString()}`;
}
