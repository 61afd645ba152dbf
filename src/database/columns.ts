/** The tables and columns that the connecting account can see, by name without prefix. */
export type VisibleColumns = ReadonlyMap<string, ReadonlySet<string>>;

/** A row of a catalogue query. */
export interface CatalogueRow {
  readonly table_name: string;
  readonly column_name: string;
}

/** Sorts catalogue rows by table, leaving out tables without the prefix. */
export function toVisibleColumns(rows: readonly CatalogueRow[], prefix: string): VisibleColumns {
  const tables = new Map<string, Set<string>>();
  for (const { table_name, column_name } of rows) {
    if (!table_name.startsWith(prefix)) continue;
    const name = table_name.slice(prefix.length);
    const columns = tables.get(name) ?? new Set<string>();
    tables.set(name, columns.add(column_name));
  }
  return tables;
}
