/** A port as a plain program would keep it. */
export interface ModelPort {
  readonly id: number;
  readonly nodeId: number;
  readonly ip: string;
  readonly alias: string | null;
  readonly port: number;
  readonly isAssigned: boolean;
  readonly isHeld: boolean;
}

/** What a list is asked for. */
export interface ModelQuery {
  readonly nodeIds: readonly number[];
  readonly ip: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly alias: string | null;
  readonly sort: 'id' | 'ip' | 'port';
  readonly isDescending: boolean;
  readonly includeHeld: boolean;
}

/** Tells where an address stands among others: each database has its own order of texts. */
export type AddressRank = (ip: string) => number;

/** The free ports that a list should show, in its order. */
export function expectedPorts(
  ports: readonly ModelPort[],
  query: ModelQuery,
  rank: AddressRank,
): readonly ModelPort[] {
  const keys = (port: ModelPort) =>
    ({
      id: [port.id],
      ip: [rank(port.ip), port.port, port.id],
      port: [port.port, rank(port.ip), port.id],
    })[query.sort];
  const listed = ports.filter(
    (port) =>
      query.nodeIds.includes(port.nodeId) &&
      !port.isAssigned &&
      (query.includeHeld || !port.isHeld) &&
      (query.ip === null || port.ip === query.ip) &&
      (query.from === null || port.port >= query.from) &&
      (query.to === null || port.port <= query.to) &&
      (query.alias === null || (port.alias ?? '').toLowerCase().includes(query.alias.toLowerCase())),
  );
  const inOrder = listed.toSorted((a, b) => compare(keys(a), keys(b)));
  return query.isDescending ? inOrder.reverse() : inOrder;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}

/** The runs of `length` neighbours among free ports, none of which is in two of them, as lists of row ids. */
export function expectedRuns(
  ports: readonly ModelPort[],
  length: number,
  rank: AddressRank,
): readonly (readonly number[])[] {
  const inOrder = ports
    .filter((port) => !port.isAssigned && !port.isHeld)
    .toSorted((a, b) => rank(a.ip) - rank(b.ip) || a.port - b.port);
  const runs: number[][] = [];
  let open: ModelPort[] = [];
  for (const port of inOrder) {
    const before = open.at(-1);
    const continues = before !== undefined && before.ip === port.ip && before.port + 1 === port.port;
    open = continues ? [...open, port] : [port];
    if (open.length < length) continue;
    runs.push(open.map(({ id }) => id));
    open = [];
  }
  return runs;
}

/** The query of a request that asks for this. @param more Its other fields. */
export function queryText(query: ModelQuery, more: Readonly<Record<string, string>>): string {
  const { ip, from, to, alias, sort, isDescending, includeHeld } = query;
  const fields = new URLSearchParams({
    ...(ip === null ? {} : { 'filter[ip]': ip }),
    ...(from === null || to === null ? {} : { 'filter[port]': from === to ? `${from}` : `${from}-${to}` }),
    ...(alias === null ? {} : { 'filter[alias]': alias }),
    sort: `${isDescending ? '-' : ''}${sort}`,
    ...(includeHeld ? { include_held: 'true' } : {}),
    ...more,
  });
  return String(fields);
}
