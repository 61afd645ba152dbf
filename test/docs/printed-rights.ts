import type { DatabaseName } from '../support/cells.ts';

/** What the docs grant on one table of one kind: `SELECT`, `INSERT`, `UPDATE` or `DELETE`. */
export interface PrintedRight {
  /** As in `SELECT ON users`. */
  readonly label: string;
  readonly table: string;
  /** As printed, with columns, and parts by commas where several statements grant it. */
  readonly privileges: string;
}

/**
 * The rights that statements printed for MySQL and MariaDB grant, in order.
 *
 * @param on which of them runs the statements: MariaDB skips those in comments for MySQL
 */
export function printedRights(printed: string, on: DatabaseName): readonly PrintedRight[] {
  const rights = new Map<string, PrintedRight>();
  const forMysql = on === 'mysql' ? '$1' : '';
  const sql = printed.replaceAll(/^\s*--.*$/gm, '').replaceAll(/\/\*!\d+ ([\s\S]*?)\*\//g, forMysql);
  for (const [, list = '', table = ''] of sql.matchAll(/GRANT ([^;]*?)\sON panel\.(\w+)\s+TO/g)) {
    for (const [privilege, name] of list.matchAll(/([A-Z]+)(?: \([^)]*\))?/g)) {
      const label = `${name} ON ${table}`;
      const before = rights.get(label);
      const privileges = before === undefined ? privilege : `${before.privileges}, ${privilege}`;
      rights.set(label, { label, table, privileges });
    }
  }
  return [...rights.values()];
}

/** Reads ``SELECT, INSERT ON `a`, `b`; DELETE ON `c` `` as labels of rights. */
export function labelsOf(cell: string): readonly string[] {
  return cell.split(';').flatMap((part) => {
    const [kinds = '', tables = ''] = part.split(' ON ');
    const names = [...tables.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    return kinds.split(',').flatMap((kind) => names.map((name) => `${kind.trim()} ON ${name}`));
  });
}
