import type { ForeignKey, Table } from './types.ts';

/** A table at its place in the order of creation. */
export type OrderedTable = {
  readonly table: Table;
  /** Foreign keys to tables that exist by then, or to the table itself. */
  readonly immediate: readonly ForeignKey[];
  /** Foreign keys to tables that are created later: an allocation belongs to a server which has one itself. */
  readonly deferred: readonly ForeignKey[];
};

/**
 * Puts tables into an order in which they can be created: what a foreign key points to comes first, except
 * where tables point to each other in a circle, whose closing key is deferred.
 *
 * @throws Error where a foreign key points to a table that is not among them
 */
export function inCreationOrder(tables: readonly Table[]): OrderedTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const begun = new Set<string>();
  const ordered: OrderedTable[] = [];
  const created = new Set<string>();

  function place(table: Table): void {
    if (begun.has(table.name)) return;
    begun.add(table.name);
    for (const key of table.foreignKeys) {
      const target = byName.get(key.table);
      if (!target)
        throw new Error(`${table.name}.${key.column} points to ${key.table}, which is not described`);
      place(target);
    }
    created.add(table.name);
    const exists = (key: ForeignKey) => created.has(key.table);
    ordered.push({
      table,
      immediate: table.foreignKeys.filter(exists),
      deferred: table.foreignKeys.filter((key) => !exists(key)),
    });
  }

  for (const table of tables) place(table);
  return ordered;
}
