import type { Dialect } from './types.ts';

/**
 * Quotes the name of a table, column or index, so that reserved words (`key`, `long`) and capitals
 * (`uuidShort`, which PostgreSQL would fold) stand for themselves.
 */
export function quoteIdentifier(name: string, dialect: Dialect): string {
  const quote = dialect === 'mysql' ? '`' : '"';
  return quote + name.replaceAll(quote, quote + quote) + quote;
}

/** Quotes several names and joins them with commas, as they stand between brackets. */
export function quoteIdentifiers(names: readonly string[], dialect: Dialect): string {
  return names.map((name) => quoteIdentifier(name, dialect)).join(', ');
}

/**
 * The name of an index or constraint as the panels' framework chooses it: table with prefix, columns, kind,
 * in lower case. One name per schema, because PostgreSQL and SQLite do not keep them per table.
 *
 * @param table with its prefix
 */
export function constraintName(table: string, columns: readonly string[], kind: string): string {
  return [table, ...columns, kind].join('_').toLowerCase();
}
