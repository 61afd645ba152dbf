import type { VisibleColumns } from '../database/columns.ts';
import { ownTableColumns } from '../database/own-tables.ts';
import { OperatorError } from '../operator-error.ts';

/** What an operator runs to get the own tables. */
export const migrateCommand = 'panel-sidecar migrate --panel PATH';

/**
 * Whether the own tables are there.
 *
 * @throws OperatorError where only some are, or not as this version needs them.
 */
export function hasOwnTables(visible: VisibleColumns): boolean {
  const missing = Object.entries(ownTableColumns).flatMap(([table, columns]) => {
    const present = visible.get(table);
    if (present === undefined) return [table];
    return columns.filter((column) => !present.has(column)).map((column) => `${table}.${column}`);
  });
  if (missing.length === 0) return true;
  if (!Object.keys(ownTableColumns).some((table) => visible.has(table))) return false;
  throw new OperatorError(
    `the own tables are not complete, or not granted to this account: ${missing.join(', ')}; run ${migrateCommand}`,
  );
}
