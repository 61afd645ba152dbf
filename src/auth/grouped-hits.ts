import type { Hit, WindowState } from './rate-limiter.ts';

/** Requests of one limit and account, counted together. */
export interface Hits extends Hit {
  readonly times: number;
}

/**
 * Counts requests that come at the same time, those of one account with one message: often all are of the one
 * program that does the billing.
 *
 * @param count Counts each group, and answers in their order where its window stands after all of it.
 * @returns Where each request's window stands after it, in the order of `hits`.
 */
export async function countInGroups(
  hits: readonly Hit[],
  count: (groups: readonly Hits[]) => Promise<readonly WindowState[]>,
): Promise<readonly WindowState[]> {
  const members = Map.groupBy(hits, ({ limit, who }) => `${limit.name}:${who}`);
  const groups = [...members.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, times: group.length }];
  });
  const states = await count(groups);
  const before = new Map(
    [...members.keys()].map((name, index) => [name, startOf(groups[index], states[index])]),
  );
  return hits.map(({ limit, who }) => {
    const window = before.get(`${limit.name}:${who}`);
    if (window === undefined) throw new Error('a group of requests was not counted');
    window.count += 1;
    return { ...window };
  });
}

/** The window as it was before a group was counted. */
function startOf(group: Hits | undefined, state: WindowState | undefined) {
  if (group === undefined || state === undefined) throw new Error('a group of requests was not counted');
  return { count: state.count - group.times, endsInMs: state.endsInMs };
}
