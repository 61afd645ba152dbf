import { columnSql } from './column-sql.ts';
import { constraintName, quoteIdentifier, quoteIdentifiers } from './identifiers.ts';
import { inCreationOrder, type OrderedTable } from './order.ts';
import type { Column, Dialect, ForeignKey, Index, Table } from './types.ts';

/**
 * The statements that create a panel's tables in an empty database, in the order in which they must run.
 *
 * @param tables all that the foreign keys among them point to must be there
 * @param prefix put before every table's name (the panels' DB_PREFIX); empty for none
 */
export function createTableStatements(tables: readonly Table[], dialect: Dialect, prefix: string): string[] {
  const ordered = inCreationOrder(tables);
  const create = ordered.flatMap((entry) => createTable(entry, dialect, prefix));
  // SQLite looks a foreign key's table up when rows are written, and cannot add keys later.
  if (dialect === 'sqlite') return create;
  return [...create, ...ordered.flatMap((entry) => addDeferredKeys(entry, dialect, prefix))];
}

/** The columns that a table has on one database, in their order. */
export function columnsOn(table: Table, dialect: Dialect): [name: string, column: Column][] {
  return Object.entries(table.columns).filter(([, column]) => isOn(column, dialect));
}

/** The foreign keys that a table has on one database. */
export function foreignKeysOn(table: Table, dialect: Dialect): ForeignKey[] {
  return table.foreignKeys.filter((key) => isOn(key, dialect));
}

function isOn(part: { readonly only?: readonly Dialect[] }, dialect: Dialect): boolean {
  return part.only === undefined || part.only.includes(dialect);
}

function createTable({ table, immediate }: OrderedTable, dialect: Dialect, prefix: string): string[] {
  const name = prefix + table.name;
  const keys = dialect === 'sqlite' ? table.foreignKeys : immediate;
  const lines = [
    ...columnsOn(table, dialect).map(([column, description]) => columnSql(column, description, dialect)),
    ...primaryKeyLines(table, dialect),
    ...(dialect === 'mysql' ? table.indexes.map((index) => inlineIndex(name, index)) : []),
    ...keys.filter((key) => isOn(key, dialect)).map((key) => foreignKeySql(name, key, dialect, prefix)),
  ];
  const options =
    dialect === 'mysql' ? ' engine=InnoDB default character set utf8mb4 collate utf8mb4_unicode_ci' : '';
  const indexes = dialect === 'mysql' ? [] : table.indexes.map((index) => createIndex(name, index, dialect));
  return [
    `create table ${quoteIdentifier(name, dialect)} (\n  ${lines.join(',\n  ')}\n)${options}`,
    ...indexes,
  ];
}

function primaryKeyLines(table: Table, dialect: Dialect): string[] {
  const numbered = Object.values(table.columns).some((column) => column.autoIncrement);
  if (table.primaryKey.length === 0 || (numbered && dialect === 'sqlite')) return [];
  return [`primary key (${quoteIdentifiers(table.primaryKey, dialect)})`];
}

/** MySQL takes indexes in the table's own statement, which is much faster there than one statement each. */
function inlineIndex(table: string, index: Index): string {
  const name = constraintName(table, index.columns, index.unique ? 'unique' : 'index');
  const columns = quoteIdentifiers(index.columns, 'mysql');
  return `${index.unique ? 'unique key' : 'key'} ${quoteIdentifier(name, 'mysql')} (${columns})`;
}

function createIndex(table: string, index: Index, dialect: Dialect): string {
  const name = constraintName(table, index.columns, index.unique ? 'unique' : 'index');
  const kind = index.unique ? 'unique index' : 'index';
  const on = `${quoteIdentifier(table, dialect)} (${quoteIdentifiers(index.columns, dialect)})`;
  return `create ${kind} ${quoteIdentifier(name, dialect)} on ${on}`;
}

function foreignKeySql(table: string, key: ForeignKey, dialect: Dialect, prefix: string): string {
  const name = key.name ? prefix + key.name : constraintName(table, [key.column], 'foreign');
  const target = `${quoteIdentifier(prefix + key.table, dialect)} (${quoteIdentifier('id', dialect)})`;
  const source = quoteIdentifier(key.column, dialect);
  return `constraint ${quoteIdentifier(name, dialect)} foreign key (${source}) references ${target} on delete ${key.onDelete}`;
}

function addDeferredKeys({ table, deferred }: OrderedTable, dialect: Dialect, prefix: string): string[] {
  const name = prefix + table.name;
  return deferred
    .filter((key) => isOn(key, dialect))
    .map(
      (key) =>
        `alter table ${quoteIdentifier(name, dialect)} add ${foreignKeySql(name, key, dialect, prefix)}`,
    );
}
