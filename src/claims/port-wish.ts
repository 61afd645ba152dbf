import type { PortRow } from '../allocations/allocation.ts';
import { anyId, type PortFilter, type PortRange } from '../allocations/port-filter.ts';

/** Which ports of a node a claim needs. */
export interface PortWish {
  readonly count: number;
  /** Neighbours on one address. */
  readonly isConsecutive: boolean;
  /** All on one address. */
  readonly isSameIp: boolean;
  readonly ports: PortRange | null;
  readonly ip: string | null;
  /** The lowest ports in order of address and port, rather than any. */
  readonly isLowest: boolean;
  /** The id of a claim that is about to be replaced, whose ports count as free; null for none. */
  readonly replacing: string | null;
}

/** Ports that were picked. */
export interface Picked {
  /** Row ids. */
  readonly ids: readonly number[];
  /** Where the first of them is. */
  readonly ip: string;
  readonly port: number;
}

/** The free ports of a node among which a wish may be granted. */
export function candidatesFor(nodeId: number, { ip, ports, replacing }: PortWish): PortFilter {
  return {
    ...{ nodeIds: [nodeId], ip, ports, ids: anyId, alias: null },
    ...{ freeOnly: true, includeHeld: false, replacing },
  };
}

/** Ports as picked; null where there are none. */
export function toPicked(rows: readonly PortRow[]): Picked | null {
  const [first] = rows;
  return first === undefined ? null : { ids: rows.map(({ id }) => id), ip: first.ip, port: first.port };
}
