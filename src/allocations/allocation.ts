/** The columns of a port that answers are made of. */
export interface AllocationRow {
  readonly id: number;
  readonly ip: string;
  readonly ip_alias: string | null;
  readonly port: number;
  readonly notes: string | null;
  readonly server_id: number | null;
}

/** Those columns, for a SELECT. */
export const allocationColumns = ['id', 'ip', 'ip_alias', 'port', 'notes', 'server_id'] as const;

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
    readonly relationships?: Readonly<Record<string, unknown>>;
  };
}

/** Shows a port as the panel does. @param relationships What it embeds, or null for nothing. */
export function toAllocation(
  row: AllocationRow,
  relationships: Readonly<Record<string, unknown>> | null,
): AllocationResource {
  return {
    object: 'allocation',
    attributes: {
      id: row.id,
      ip: row.ip,
      alias: row.ip_alias,
      port: row.port,
      notes: row.notes,
      assigned: row.server_id !== null,
      ...(relationships === null ? {} : { relationships }),
    },
  };
}
