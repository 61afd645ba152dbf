import type { PanelClock } from '../panel/clock.ts';

/** The columns of a port that answers are made of. */
export interface AllocationRow {
  readonly id: number;
  readonly ip: string;
  readonly ip_alias: string | null;
  readonly port: number;
  readonly notes: string | null;
  readonly server_id: number | null;
}

/** A port with what only some lists show of it. */
export interface PortRow extends AllocationRow {
  readonly node_id: number;
  /** Until when a claim holds it, in Unix milliseconds; absent unless held ports were asked for. */
  readonly held_until?: number | string | null;
}

/** A port as answers show it. */
export interface AllocationResource {
  readonly object: 'allocation';
  readonly attributes: {
    readonly id: number;
    readonly ip: string;
    readonly alias: string | null;
    readonly port: number;
    readonly notes: string | null;
    readonly assigned: boolean;
    /** Until when a claim holds the port; only where held ports were asked for. */
    readonly held_until?: string | null;
    readonly relationships?: Readonly<Record<string, unknown>>;
  };
}

/** Shows a port as the panel does. @param relationships What it embeds, or null for nothing. */
export function toAllocation(
  row: AllocationRow & Pick<PortRow, 'held_until'>,
  relationships: Readonly<Record<string, unknown>> | null,
  clock: PanelClock,
): AllocationResource {
  const { held_until: held } = row;
  return {
    object: 'allocation',
    attributes: {
      id: row.id,
      ip: row.ip,
      alias: row.ip_alias,
      port: row.port,
      notes: row.notes,
      assigned: row.server_id !== null,
      ...(held === undefined
        ? {}
        : { held_until: held === null ? null : clock.format(new Date(Number(held))) }),
      ...(relationships === null ? {} : { relationships }),
    },
  };
}
