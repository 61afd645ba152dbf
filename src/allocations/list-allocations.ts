import { type Actor, allocationsViewed } from '../audit/activity.ts';
import { SharedRuns } from '../database/shared-runs.ts';
import { formatCursor } from '../input/cursor.ts';
import type { Services } from '../services.ts';
import type { PortRow } from './allocation.ts';
import { countOn } from './kept-counts.ts';
import { countPorts, type PortPage, readPorts } from './list-ports.ts';
import { isNarrowed, type PortFilter } from './port-filter.ts';
import { type PortOrder, placeOf } from './port-order.ts';

/** Which ports, in which order. */
export interface PortQuery {
  readonly filter: PortFilter;
  readonly order: PortOrder;
}

/** A numbered page. */
export interface NumberedPage {
  /** How many ports all pages hold together. */
  readonly total: number;
  readonly rows: readonly PortRow[];
}

/** A page that begins at a cursor. */
export interface CursorPage {
  readonly rows: readonly PortRow[];
  /** Cursor of the next page; null at the end. */
  readonly next: string | null;
}

/** Lists ports, once the view is recorded. */
export interface ListAllocations {
  byNumber(actor: Actor, query: PortQuery, page: number, perPage: number): Promise<NumberedPage>;
  byCursor(
    actor: Actor,
    query: PortQuery,
    after: readonly (string | number)[] | null,
    perPage: number,
  ): Promise<CursorPage>;
}

/** Pages that begin so far in are looked for once it is known that there may be rows. */
const farOffset = 10_000;

/** Equal pages requested at the same time share a round trip, and equal totals a count. */
export function createListAllocations(services: Services): ListAllocations {
  const { activityLog, reads, settings } = services;
  const runs = new SharedRuns();
  const read = (query: PortQuery, page: PortPage) => {
    const name = JSON.stringify([query, page]);
    return runs.run(name, name, () =>
      reads.run((queries) => readPorts(services, queries, query.filter, query.order, page)),
    );
  };
  const count = (filter: PortFilter) =>
    countOn(services, filter.nodeIds, isNarrowed(filter) ? 'filtered' : 'all', JSON.stringify(filter), () =>
      reads.run((queries) => countPorts(services, queries, filter)),
    );
  const record = async (actor: Actor, { filter }: PortQuery, page: number | null, perPage: number) => {
    if (!settings.audit.views) return;
    const [node = null, ...others] = filter.nodeIds;
    await activityLog.append(allocationsViewed(actor, others.length === 0 ? node : null, page, perPage));
  };
  return {
    async byNumber(actor, query, page, perPage) {
      const offset = (page - 1) * perPage;
      const counting = count(query.filter);
      // The total may be a little old: only what is far beyond it is not looked for.
      const isBeyond = offset >= farOffset && offset > (await counting) + farOffset;
      const [total, rows] = await Promise.all([
        counting,
        isBeyond ? [] : read(query, { after: null, offset, limit: perPage }),
      ]);
      await record(actor, query, page, perPage);
      return { total, rows };
    },
    async byCursor(actor, query, after, perPage) {
      const page = { after, offset: 0, limit: perPage + 1 };
      const found = await read(query, page);
      const rows = found.slice(0, perPage);
      const last = rows.at(-1);
      const hasMore = found.length > perPage && last !== undefined;
      await record(actor, query, null, perPage);
      return { rows, next: hasMore ? formatCursor(placeOf(last, query.order)) : null };
    },
  };
}
