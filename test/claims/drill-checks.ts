import type { SqlExecutor } from '../support/test-database.ts';
import { databaseNowSql } from './claiming.ts';
import type { DrillLog } from './drill-log.ts';

/** What no moment of a drill may go beyond. */
export interface DrillBounds {
  readonly maxHeld: number;
  /** MiB of each node. */
  readonly memory: number;
}

/** Says what is wrong in the database at this moment, each look at it being one consistent read. */
export async function findWrong(db: SqlExecutor, { maxHeld, memory }: DrillBounds): Promise<string[]> {
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
  const overfull = await db.query(
    `select c.node_id from sidecar_claims c where ${open} and ${isUsed} = 0
     group by c.node_id having sum(c.memory) > ${memory}`,
  );
  return [
    ...unheld.map(({ id }) => `claim ${id} is held, but not all of its ports`),
    ...stray.map(({ allocation_id: id }) => `port ${id} is held by a claim that has ended or is not there`),
    ...greedy.map(({ user_id: id }) => `user ${id} holds more than ${maxHeld} ports`),
    ...overfull.map(({ node_id: id }) => `node ${id} has promised more than its memory`),
  ];
}

/** A claim's time is that of its first statement, and others look at a port in the midst of it. */
const roundingMs = 500;

/** Says which claims overlap, or differ from what was answered, once a drill is over. */
export async function findOverlaps(db: SqlExecutor, log: DrillLog): Promise<string[]> {
  const rows = await db.query(
    `select c.id, c.created_at, c.expires_at, c.outcome, p.allocation_id from sidecar_claims c
     join sidecar_claim_ports p on p.claim_id = c.id order by p.allocation_id, c.created_at, c.id`,
  );
  const problems: string[] = [];
  const portsOf = new Map<string, number[]>();
  for (const { id, allocation_id: port } of rows) {
    portsOf.set(String(id), [...(portsOf.get(String(id)) ?? []), Number(port)]);
  }
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before === undefined || before.allocation_id !== row.allocation_id) continue;
    // It had the port until its time was over, or until somebody began to end it.
    const [id, createdAt] = [String(before.id), Number(before.created_at)];
    const ending = log.earliestEnd(id, portsOf.get(id) ?? [], createdAt);
    const end = Math.min(Number(before.expires_at), ending);
    const isUsedTooLate = before.outcome === 'used' && ending > Number(row.created_at) + roundingMs;
    if (isUsedTooLate && Number.isFinite(ending)) {
      problems.push(
        `claim ${before.id} counts as used, though port ${row.allocation_id} was ${row.id}'s by then`,
      );
    }
    if (Number(row.created_at) >= end) continue;
    problems.push(
      `port ${row.allocation_id} was held by ${before.id} until ${end} and by ${row.id} from ${row.created_at}`,
    );
  }
  for (const [id, { portIds }] of log.claims) {
    const stored = portsOf.get(id)?.toSorted((a, b) => a - b);
    if (String(stored) === String(portIds.toSorted((a, b) => a - b))) continue;
    problems.push(`claim ${id} was answered with the ports ${portIds}, but has ${stored}`);
  }
  return problems;
}
