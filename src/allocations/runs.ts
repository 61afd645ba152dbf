import type { Queries } from '../database/database.ts';
import type { PortRow } from './allocation.ts';
import { type PortServices, readPorts } from './list-ports.ts';
import type { PortFilter } from './port-filter.ts';
import { type PortOrder, placeOf } from './port-order.ts';

/** Neighbouring ports on one address of one node. */
export interface PortRun {
  readonly nodeId: number;
  readonly ip: string;
  readonly from: number;
  readonly to: number;
  /** Row ids, in order of port. */
  readonly ids: readonly number[];
  /**
   * The latest end of the claims that hold ports of it, in Unix milliseconds, null where none does; absent unless
   * held ports were asked for.
   */
  readonly heldUntil?: number | null;
}

/** Most ports read with one statement. */
const batchSize = 1000;
const byAddress: PortOrder = { by: 'ip', isDescending: false };

/** How many ports may still be looked at; whoever looks at some takes them off. */
export interface PortBudget {
  left: number;
}

/** Most ports looked at for one request. */
export const mostLookedAt = 50_000;

/** A page of runs. */
export interface RunPage {
  readonly runs: readonly PortRun[];
  /** The place after which the next page begins; null at the end of the list. */
  readonly next: readonly (string | number)[] | null;
}

/**
 * Runs of exactly `length` neighbouring ports, none of which is in two of them, in order of address and port.
 * Where hardly any are found the page may be short, or empty: the next one begins where the budget was spent.
 *
 * @param filter Of one node: neighbours are found by reading ports in their order.
 */
export async function readRuns(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
  after: readonly (string | number)[] | null,
  limit: number,
  budget: PortBudget,
): Promise<RunPage> {
  const runs: PortRun[] = [];
  let place = after;
  let open: PortRow[] = [];
  /** The last port that can be in no run to come. */
  let done: PortRow | undefined;
  for (;;) {
    const page = {
      ...{ after: place, offset: 0 },
      limit: Math.min(batchSize, Math.max(budget.left, length)),
    };
    const rows = await readPorts(services, queries, filter, byAddress, page);
    for (const row of rows) {
      if (continues(open.at(-1), row)) {
        open.push(row);
      } else {
        done = open.at(-1) ?? done;
        open = [row];
      }
      if (open.length < length) continue;
      // One more than asked for shows that there is a next page, which begins after the last one shown.
      if (runs.length === limit) return { runs, next: endOf(runs.at(-1)) };
      runs.push(toRun(open));
      open = [];
      done = row;
    }
    budget.left -= rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < page.limit) return { runs, next: null };
    if (budget.left <= 0 && done !== undefined) return { runs, next: placeOf(done, byAddress) };
    place = placeOf(last, byAddress);
  }
}

/** Whether a port comes right behind another on the same address. */
export function continues(before: PortRow | undefined, row: PortRow): boolean {
  return before !== undefined && before.ip === row.ip && before.port + 1 === row.port;
}

function toRun(rows: readonly PortRow[]): PortRun {
  const [first] = rows;
  if (first === undefined) throw new Error('a run has ports');
  return {
    nodeId: first.node_id,
    ip: first.ip,
    from: first.port,
    to: first.port + rows.length - 1,
    ids: rows.map(({ id }) => id),
    ...(first.held_until === undefined ? {} : { heldUntil: latestEnd(rows) }),
  };
}

function latestEnd(rows: readonly PortRow[]): number | null {
  const ends = rows.flatMap(({ held_until: end }) =>
    end === null || end === undefined ? [] : [Number(end)],
  );
  return ends.length === 0 ? null : Math.max(...ends);
}

/** The place of a run's last port. */
function endOf(run: PortRun | undefined): readonly (string | number)[] | null {
  return run === undefined ? null : [run.ip, run.to, run.ids.at(-1) ?? 0];
}
