import Table from 'cli-table3';
import { OperatorError } from '../src/operator-error.ts';
import { claimingAs, idsOf } from '../test/claims/claiming.ts';
import { freeOn } from '../test/support/sidecar.ts';
import { createPortsSetting, type PortsSetting, portsOnNode, takenShare } from './ports-setting.ts';

const pages = 40;
const claims = 200;

/** What was measured, what it was measured against, and what it must not exceed. */
interface Measurement {
  readonly what: string;
  readonly ms: number;
  readonly against: string;
  readonly bound: string;
  readonly isWithin: boolean;
}

/**
 * Measures the free ports of a node with a million of them, beside the panel's own queries:
 * `node bench/ports.ts`.
 */
async function main(): Promise<void> {
  const setting = await createPortsSetting();
  try {
    const results = [
      ...(await measurePages(setting)),
      ...(await measureCursors(setting)),
      ...(await measureClaims(setting)),
    ];
    const heading = `${portsOnNode} ports on one node, ${takenShare * 100} % taken; ${setting.databaseVersion}; medians\n`;
    process.stdout.write(`${heading}${renderTable(results)}\n`);
    if (results.some(({ isWithin }) => !isWithin)) process.exitCode = 1;
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
    for (let count = 0; count < pages / 5; count += 1) service.push(await timed(() => get(setting, '')));
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

/** The first page by cursor, and one far behind. */
async function measureCursors(setting: PortsSetting): Promise<Measurement[]> {
  const results: Measurement[] = [];
  for (const sort of ['id', 'ip', '-id', '-ip']) {
    const far = await placeFarBehind(setting, sort);
    const first: number[] = [];
    const deep: number[] = [];
    for (let count = 0; count < pages; count += 1) {
      first.push(await timed(() => get(setting, `sort=${sort}&cursor=`)));
      deep.push(await timed(() => get(setting, `sort=${sort}&cursor=${far}`)));
    }
    const [near, distant] = [median(first), median(deep)];
    results.push({
      ...{
        what: `page by cursor at 95 %, ${sort}`,
        ms: distant,
        against: `${near.toFixed(1)} ms of the first`,
      },
      ...{ bound: '1.5 times', isWithin: distant <= near * 1.5 },
    });
  }
  return results;
}

async function placeFarBehind({ panel, node }: PortsSetting, sort: string): Promise<string> {
  const isDescending = sort.startsWith('-');
  const [row] = await panel.query(
    `select id, ip, port from allocations where node_id = ? and server_id is null
     order by id ${isDescending ? 'desc' : 'asc'} limit 1 offset 95000`,
    [node],
  );
  const place = sort.endsWith('id') ? [row?.id] : [row?.ip, row?.port, row?.id];
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

async function get({ send, node }: PortsSetting, query: string): Promise<void> {
  const answer = await send({ path: `${freeOn({ id: node })}?${query}` });
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

function renderTable(results: readonly Measurement[]): string {
  const table = new Table({
    head: ['what', 'ms', 'against', 'bound', ''],
    colAligns: ['left', 'right', 'left', 'left', 'left'],
    style: { head: [], border: [] },
  });
  for (const { what, ms, against, bound, isWithin } of results) {
    table.push([what, ms.toFixed(1), against, bound, isWithin ? 'within' : 'over']);
  }
  return table.toString();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
