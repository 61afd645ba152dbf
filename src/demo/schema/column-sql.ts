import { quoteIdentifier } from './identifiers.ts';
import type { Column, ColumnType, Dialect } from './types.ts';

/**
 * One column's line in a CREATE TABLE statement.
 *
 * @param name the column's name, not quoted
 */
export function columnSql(name: string, column: Column, dialect: Dialect): string {
  const quoted = quoteIdentifier(name, dialect);
  if (column.autoIncrement) return `${quoted} ${autoIncrementSql(column.type, dialect)}`;
  const nullability = column.nullable ? 'null' : 'not null';
  return `${quoted} ${typeSql(column.type, dialect)} ${nullability}${defaultSql(column, dialect)}`;
}

function autoIncrementSql(type: ColumnType, dialect: Dialect): string {
  switch (dialect) {
    case 'mysql':
      return `${type} not null auto_increment`;
    case 'sqlite':
      // SQLite only numbers rows of a column that is declared as the key in its own line.
      return 'integer primary key autoincrement not null';
    case 'postgres':
      return `${type.startsWith('bigint') ? 'bigserial' : 'serial'} not null`;
  }
}

function typeSql(type: ColumnType, dialect: Dialect): string {
  switch (dialect) {
    case 'mysql':
      return type === 'boolean' ? 'tinyint(1)' : type;
    case 'sqlite':
      return sqliteType(type);
    case 'postgres':
      return postgresType(type);
  }
}

function sqliteType(type: ColumnType): string {
  if (type === 'boolean') return 'tinyint(1)';
  if (type === 'timestamp') return 'datetime';
  if (type === 'text' || type === 'json') return 'text';
  // Lengths are left out, as the panels' framework does: SQLite would not hold anybody to them.
  return /^(varchar|char)\(/.test(type) ? 'varchar' : 'integer';
}

function postgresType(type: ColumnType): string {
  if (type === 'timestamp') return 'timestamp(0) without time zone';
  const integer = type.replace(' unsigned', '');
  if (integer === 'tinyint' || integer === 'smallint') return 'smallint';
  if (integer === 'mediumint' || integer === 'int') return 'integer';
  return integer;
}

function defaultSql(column: Column, dialect: Dialect): string {
  const value = column.default;
  if (value === undefined) return '';
  if (typeof value === 'object') return ' default current_timestamp';
  if (typeof value === 'string') return ` default '${value.replaceAll("'", "''")}'`;
  if (typeof value === 'boolean' && dialect !== 'postgres') return ` default ${value ? 1 : 0}`;
  return ` default ${value}`;
}
