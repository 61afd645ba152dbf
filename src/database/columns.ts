/** What matters of a column to who writes rows of its table. */
export interface ColumnFacts {
  /** NOT NULL without a default: a row that does not name it is refused. */
  readonly isMandatory: boolean;
}

/** The tables and columns that the connecting account can see, by name without prefix. */
export type VisibleColumns = ReadonlyMap<string, ReadonlyMap<string, ColumnFacts>>;

/** A row of a catalogue query. */
export interface CatalogueRow {
  readonly table_name: string;
  readonly column_name: string;
  /** 1 or true. */
  readonly is_mandatory: number | boolean;
}

/** Sorts catalogue rows by table, leaving out tables without the prefix. */
export function toVisibleColumns(rows: readonly CatalogueRow[], prefix: string): VisibleColumns {
  const tables = new Map<string, Map<string, ColumnFacts>>();
  for (const { table_name, column_name, is_mandatory } of rows) {
    if (!table_name.startsWith(prefix)) continue;
    const name = table_name.slice(prefix.length);
    const columns = tables.get(name) ?? new Map<string, ColumnFacts>();
    tables.set(name, columns.set(column_name, { isMandatory: Boolean(is_mandatory) }));
  }
  return tables;
}
