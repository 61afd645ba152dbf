import type { SqlValue } from './test-database.ts';

/** A row to insert, by column. */
export type NewRow = Record<string, SqlValue>;

/** When every row of the recorded state was made. */
export const created = '2026-01-02 03:04:05';

/** The two columns of a row that say so. */
export const times = { created_at: created, updated_at: created };

/** The uuid of a row of the recorded state, by its id. */
export const uuid = (id: number) => `00000000-0000-4000-9000-00000000${id}`;

function port(id: number, node: number, ip: string, number: number, shown: NewRow = {}): NewRow {
  return { id, node_id: node, ip, port: number, ip_alias: null, notes: null, ...shown, ...times };
}

const smallNodePorts: readonly NewRow[] = [
  port(2900001, 2001, '10.1.1.1', 25565),
  port(2900002, 2001, '10.1.1.1', 25566, { ip_alias: 'play.conf.example' }),
  port(2900003, 2001, '10.1.1.1', 25567, { notes: 'kept <for> "x"' }),
  port(2900004, 2001, '10.1.1.1', 25568),
  port(2900005, 2001, '10.1.1.1', 25569),
  port(2900006, 2001, 'fd00::1', 25570),
  port(2900007, 2001, 'fd00::1', 25571),
];

const largeNodePorts: readonly NewRow[] = Array.from({ length: 120 }, (_, index) =>
  port(2910001 + index, 2003, index < 64 ? '10.2.0.1' : '10.2.1.1', 30000 + index),
);

/** The ports of the recorded nodes 2001 and 2003, none assigned yet; the same in both panels. */
export const recordedPorts: readonly NewRow[] = [...smallNodePorts, ...largeNodePorts];
