import type { PanelClock } from '../panel/clock.ts';
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
    /** Until when the last of its ports is held; only where held ports were asked for. */
    readonly held_until?: string | null;
  };
}

/** Shows a run. */
export function toAllocationRun(
  { nodeId, ip, from, to, ids, heldUntil }: PortRun,
  clock: PanelClock,
): AllocationRunResource {
  const held =
    heldUntil === undefined
      ? {}
      : { held_until: heldUntil === null ? null : clock.format(new Date(heldUntil)) };
  return { object: 'allocation_run', attributes: { node_id: nodeId, ip, from, to, ids, ...held } };
}
