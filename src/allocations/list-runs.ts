import { type Actor, allocationsViewed } from '../audit/activity.ts';
import { formatCursor } from '../input/cursor.ts';
import type { Services } from '../services.ts';
import type { PortFilter } from './port-filter.ts';
import { mostLookedAt, type PortRun, readRuns } from './runs.ts';

/** Answers with a page of runs of neighbouring free ports of a node, once the view is recorded. */
export type ListRuns = (
  actor: Actor,
  filter: PortFilter,
  length: number,
  after: readonly (string | number)[] | null,
  perPage: number,
) => Promise<{ readonly runs: readonly PortRun[]; readonly next: string | null }>;

export function createListRuns(services: Services): ListRuns {
  const { activityLog, reads, settings } = services;
  return async (actor, filter, length, after, perPage) => {
    const { runs, next } = await reads.run((queries) =>
      readRuns(services, queries, filter, length, after, perPage, { left: mostLookedAt }),
    );
    if (settings.audit.views) {
      await activityLog.append(allocationsViewed(actor, filter.nodeIds[0] ?? null, null, perPage));
    }
    return { runs, next: next === null ? null : formatCursor(next) };
  };
}
