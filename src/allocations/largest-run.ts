import type { PortRow } from './allocation.ts';
import { type PortServices, readPorts } from './list-ports.ts';
import { anyId, type PortFilter } from './port-filter.ts';
import { type PortOrder, placeOf } from './port-order.ts';
import { continues } from './runs.ts';

/** Neighbouring ports on one address. */
export interface Run {
  readonly ip: string;
  readonly from: number;
  readonly to: number;
}

/** Ports read with one statement. */
const batchSize = 5000;
const byAddress: PortOrder = { by: 'ip', isDescending: false };

/**
 * The longest run of free ports of a node that no claim holds, the first of equal ones; null where none is
 * free. Ports are read bit by bit, so that no node is too large.
 *
 * @param onProgress Told how many free ports have been read.
 */
export async function findLargestRun(
  services: PortServices,
  nodeId: number,
  onProgress: (read: number) => void,
): Promise<Run | null> {
  const filter: PortFilter = {
    ...{ nodeIds: [nodeId], ip: null, ports: null, ids: anyId, alias: null },
    ...{ freeOnly: true, includeHeld: false, replacing: null },
  };
  let longest: Run | null = null;
  let from = 0;
  let last: PortRow | undefined;
  let read = 0;
  for (;;) {
    const after = last === undefined ? null : placeOf(last, byAddress);
    const page = { after, offset: 0, limit: batchSize };
    const rows = await readPorts(services, services.database.queries, filter, byAddress, page);
    for (const row of rows) {
      if (!continues(last, row)) from = row.port;
      if (longest === null || row.port - from > longest.to - longest.from) {
        longest = { ip: row.ip, from, to: row.port };
      }
      last = row;
    }
    read += rows.length;
    if (rows.length < batchSize) return longest;
    onProgress(read);
  }
}
