import type { Row, SqlExecutor } from '../support/test-database.ts';
import { databaseNowSql } from './claiming.ts';
import type { DrillLog } from './drill-log.ts';

/** What no moment of a drill may go beyond. */
export interface DrillBounds {
  readonly maxHeld: number;
  /** MiB of each node. */
  readonly memory: number;
}

/** Says what is wrong in the database at this moment, each look at it being one consistent read. */
export async function findWrong(
  db: SqlExecutor,
  { maxHeld, memory }: DrillBounds,
  log: DrillLog,
): Promise<string[]> {
  const now = databaseNowSql(db);
  const open = `c.outcome is null and c.expires_at > ${now}`;
  const isUsed = `(select case when count(*) = count(a.server_id) and min(a.server_id) = max(a.server_id)
    then 1 else 0 end from sidecar_claim_ports p join allocations a on a.id = p.allocation_id
    where p.claim_id = c.id)`;
  const unheld = await db.query(
    `select c.id from sidecar_claims c join sidecar_claim_ports p on p.claim_id = c.id
     left join sidecar_holds h on h.allocation_id = p.allocation_id and h.claim_id = c.id
       and h.expires_at = c.expires_at
     where ${open} group by c.id having count(h.allocation_id) < count(*)`,
  );
  const stray = await db.query(
    `select h.allocation_id from sidecar_holds h left join sidecar_claims c on c.id = h.claim_id
     where h.expires_at > ${now} and (c.id is null or c.outcome is not null)`,
  );
  const greedy = await db.query(
    `select h.user_id from sidecar_holds h join allocations a on a.id = h.allocation_id
     where h.expires_at > ${now} and a.server_id is null
     group by h.user_id having count(*) > ${maxHeld}`,
  );
  const promises = await db.query(
    `select c.id, c.node_id, c.memory, c.created_at, p.allocation_id from sidecar_claims c
     join sidecar_claim_ports p on p.claim_id = c.id where ${open} and c.memory > 0 and ${isUsed} = 0`,
  );
  return [
    ...unheld.map(({ id }) => `claim ${id} is held, but not all of its ports`),
    ...stray.map(({ allocation_id: id }) => `port ${id} is held by a claim that has ended or is not there`),
    ...greedy.map(({ user_id: id }) => `user ${id} holds more than ${maxHeld} ports`),
    ...overfullNodes(promises, memory, log).map((id) => `node ${id} has promised more than its memory`),
  ];
}

function overfullNodes(promises: readonly Row[], memory: number, log: DrillLog): number[] {
  const promised = new Map<number, number>();
  for (const rows of Map.groupBy(promises, ({ id }) => id).values()) {
    const [claim] = rows;
    const portIds = rows.map((row) => Number(row.allocation_id));
    if (claim === undefined || log.mayHaveBeenUsed(portIds, Number(claim.created_at))) continue;
    const node = Number(claim.node_id);
    promised.set(node, (promised.get(node) ?? 0) + Number(claim.memory));
  }
  return [...promised].filter(([, sum]) => sum > memory).map(([node]) => node);
}

/**
 * Says which claims surely overlap, or differ from what was answered, once a drill is over. When a claim got its ports
 * is somewhere between the time that it has, which is that of its first statement, and its answer: it may have waited
 * for others, even for those who had the port before.
 */
export async function findOverlaps(db: SqlExecutor, log: DrillLog): Promise<string[]> {
  const rows = await db.query(
    `select c.id, c.created_at, c.expires_at, c.outcome, p.allocation_id from sidecar_claims c
     join sidecar_claim_ports p on p.claim_id = c.id`,
  );
  const portsOf = new Map<string, number[]>();
  for (const { id, allocation_id: port } of rows) {
    portsOf.set(String(id), [...(portsOf.get(String(id)) ?? []), Number(port)]);
  }
  const stays = rows.flatMap((row) => {
    const id = String(row.id);
    const madeAt = log.claims.get(id)?.madeAt;
    // One that nobody was told of may have been made at any time.
    if (madeAt === undefined) return [];
    const ending = log.earliestEnd(id, portsOf.get(id) ?? [], Number(row.created_at));
    // It had the port until its time was over, or until somebody began to end it.
    const end = Math.min(Number(row.expires_at), ending);
    return [{ id, port: Number(row.allocation_id), madeAt, ending, end, isUsed: row.outcome === 'used' }];
  });
  const problems = [...Map.groupBy(stays, ({ port }) => port).values()].flatMap(overlapsOf);
  for (const [id, { portIds }] of log.claims) {
    const stored = portsOf.get(id)?.toSorted((a, b) => a - b);
    if (String(stored) === String(portIds.toSorted((a, b) => a - b))) continue;
    problems.push(`claim ${id} was answered with the ports ${portIds}, but has ${stored}`);
  }
  return problems;
}

/** The time of a claim at one port. */
interface Stay {
  readonly id: string;
  readonly port: number;
  readonly madeAt: number;
  readonly ending: number;
  readonly end: number;
  readonly isUsed: boolean;
}

function overlapsOf(stays: readonly Stay[]): string[] {
  const inOrder = stays.toSorted((a, b) => a.madeAt - b.madeAt);
  return inOrder.flatMap((stay, index) => {
    const before = inOrder[index - 1];
    if (before === undefined) return [];
    const problems: string[] = [];
    if (before.isUsed && Number.isFinite(before.ending) && before.ending > stay.madeAt) {
      problems.push(`claim ${before.id} counts as used, though port ${stay.port} was ${stay.id}'s by then`);
    }
    if (stay.madeAt < before.end) {
      problems.push(
        `port ${stay.port} was held by ${before.id} until ${before.end} and by ${stay.id} from ${stay.madeAt}`,
      );
    }
    return problems;
  });
}
