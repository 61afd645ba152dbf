import type { Services } from '../services.ts';

/** Counting so few ports is never slow, however busy the machine is. */
const fewPorts = 10_000;

/**
 * Counts something about the ports of nodes: anew each time, unless there are many and counting them is slow.
 * Then the answer may be a few seconds old, and of each set of nodes one count at a time is under way.
 *
 * @param name Tells one count of these nodes from another.
 */
export async function countOn<Value>(
  { database, portIds, portTotals }: Pick<Services, 'database' | 'portIds' | 'portTotals'>,
  nodeIds: readonly number[],
  name: string,
  count: () => Promise<Value>,
): Promise<Value> {
  const ids = await portIds.of(database.queries, nodeIds);
  return portTotals.of(`nodes ${nodeIds}`, name, count, (ids?.count ?? 0) > fewPorts);
}
