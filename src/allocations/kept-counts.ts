import { fewPorts } from '../panel/port-counts.ts';
import type { Services } from '../services.ts';

/** What is counted: all ports of nodes, or those that a filter leaves, which may take longer and comes in any number. */
export type Counted = 'all' | 'filtered';

/**
 * Counts something about the ports of nodes: anew each time, unless there are many and counting them is slow.
 * Then the answer may be a few seconds old, and of each set of nodes one count of either kind at a time is under
 * way, so that no filter keeps anyone from the plain total.
 *
 * @param name Tells one count of these nodes from another.
 * @throws ApiError 503 where many other counts of the kind wait already.
 */
export async function countOn<Value>(
  { database, portIds, portTotals }: Pick<Services, 'database' | 'portIds' | 'portTotals'>,
  nodeIds: readonly number[],
  counted: Counted,
  name: string,
  count: () => Promise<Value>,
): Promise<Value> {
  const ids = await portIds.of(database.queries, nodeIds);
  return portTotals.of(`${counted} ${nodeIds}`, name, count, (ids?.count ?? 0) > fewPorts);
}
