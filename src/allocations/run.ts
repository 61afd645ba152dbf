import type { PortRun } from './runs.ts';

/** A run of neighbouring free ports as answers show it. */
export interface AllocationRunResource {
  readonly object: 'allocation_run';
  readonly attributes: {
    readonly node_id: number;
    readonly ip: string;
    readonly from: number;
    readonly to: number;
    readonly ids: readonly number[];
  };
}

/** Shows a run. */
export function toAllocationRun({ nodeId, ip, from, to, ids }: PortRun): AllocationRunResource {
  return { object: 'allocation_run', attributes: { node_id: nodeId, ip, from, to, ids } };
}
