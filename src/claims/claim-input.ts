import { type PortRange, parsePortRange } from '../allocations/port-filter.ts';
import { invalid } from '../input/invalid.ts';
import type { ClaimInput, ClaimWish } from './claim-wish.ts';

const defaultTtlSeconds = 120;

/**
 * What an input means.
 *
 * @param replacing The id of the claim that it is to replace, or null.
 * @throws ApiError 422 for a range of ports that is none.
 */
export function toWish(input: ClaimInput, replacing: string | null): ClaimWish {
  const prefer = input.prefer ?? 'least-used';
  return {
    nodes: {
      nodeIds: input.node_ids ?? null,
      locationIds: input.location_ids ?? null,
      tags: null,
      isPublic: null,
      memory: input.memory ?? 0,
      disk: input.disk ?? 0,
    },
    count: input.count,
    isConsecutive: input.consecutive ?? false,
    isSameIp: input.same_ip ?? false,
    ports: rangeOf(input.port_range ?? null),
    ip: input.ip ?? null,
    prefer,
    isLowest: prefer === 'lowest',
    replacing,
    ttlSeconds: input.ttl_seconds ?? defaultTtlSeconds,
    reference: input.reference ?? null,
    input,
  };
}

function rangeOf(text: string | null): PortRange | null {
  if (text === null) return null;
  const range = parsePortRange(text);
  if (range !== null) return range;
  throw invalid('port_range', 'regex', 'The port range must be a port, or two with a dash between.');
}
