import type { Column, ColumnType, Dialect, ForeignKey, Index, OnDelete } from './types.ts';

type Default = NonNullable<Column['default']>;

/** A column that is NOT NULL, with its default if it has one. */
export function required(type: ColumnType, value?: Default): Column {
  return value === undefined ? { type, nullable: false } : { type, nullable: false, default: value };
}

/** A column that may be NULL, with its default if it has one other than NULL. */
export function optional(type: ColumnType, value?: Default): Column {
  return value === undefined ? { type, nullable: true } : { type, nullable: true, default: value };
}

/** A numbered primary key. */
export function numbered(type: 'int unsigned' | 'bigint unsigned'): Column {
  return { type, nullable: false, autoIncrement: true };
}

/** The two columns in which the panels' framework keeps a row's times. */
export const timestamps: Readonly<Record<'created_at' | 'updated_at', Column>> = {
  created_at: optional('timestamp'),
  updated_at: optional('timestamp'),
};

/** An index that allows one row per value. */
export function unique(...columns: string[]): Index {
  return { columns, unique: true };
}

/** An index that only makes look-ups fast. */
export function index(...columns: string[]): Index {
  return { columns, unique: false };
}

/** A foreign key from a column to `id` of another table. */
export function references(column: string, table: string, onDelete: OnDelete): ForeignKey {
  return { column, table, onDelete };
}

/** The same column, but on these databases only. */
export function onlyOn(dialects: readonly Dialect[], column: Column): Column {
  return { ...column, only: dialects };
}
