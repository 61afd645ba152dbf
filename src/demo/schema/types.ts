/** A database the panels run on. `mysql` covers MariaDB as well: both take the same statements. */
export type Dialect = 'mysql' | 'sqlite' | 'postgres';

type IntegerType = 'tinyint' | 'smallint' | 'mediumint' | 'int' | 'bigint';

/**
 * What a column holds, named as in MySQL, whose types are the finest of the three databases.
 * `boolean` is what MySQL calls `tinyint(1)`; it is kept apart because PostgreSQL has real booleans, while
 * `tinyint unsigned` (the panels use it for flags too) is a small number there.
 */
export type ColumnType =
  | IntegerType
  | `${IntegerType} unsigned`
  | `varchar(${number})`
  | `char(${number})`
  | 'text'
  | 'timestamp'
  | 'boolean'
  | 'json';

/** One column of a panel's table. */
export type Column = {
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The default as a literal; `{ now: true }` is the database's clock. Absent: the column has none. */
  readonly default?: string | number | boolean | { readonly now: true };
  /** The database numbers the rows itself. Such a column must be the whole primary key. */
  readonly autoIncrement?: true;
  /** The databases that have this column; absent: all of them. */
  readonly only?: readonly Dialect[];
};

/** An index over one or more columns, in this order. */
export type Index = {
  readonly columns: readonly string[];
  readonly unique: boolean;
};

/** What happens to a row when the row that it points to is deleted. */
export type OnDelete = 'cascade' | 'set null' | 'restrict' | 'no action';

/** A foreign key; it always points to the column `id` of the other table, as all of the panels' do. */
export type ForeignKey = {
  readonly column: string;
  readonly table: string;
  readonly onDelete: OnDelete;
  /** Its name without the table's prefix, where it is not the one that the panels' framework would choose. */
  readonly name?: string;
  /** The databases that have this key; absent: all of them. */
  readonly only?: readonly Dialect[];
};

/** One table as a panel's migrations leave it. */
export type Table = {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly primaryKey: readonly string[];
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
};
