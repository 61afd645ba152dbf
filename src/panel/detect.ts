import { OperatorError } from '../operator-error.ts';
import type { PanelKind } from './panel.ts';
import { pterodactyl } from './pterodactyl/pterodactyl.ts';

const kinds: readonly PanelKind[] = [pterodactyl];

/** Every table any panel may need, without prefix. */
export const panelTableNames: readonly string[] = [
  ...new Set(kinds.flatMap((kind) => Object.keys(kind.columns))),
];

/** The tables and columns of a database, as the connecting account sees them. */
export type VisibleColumns = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Tells which panel a database belongs to, from its tables and columns.
 *
 * @throws OperatorError where it is none that this service knows, naming what is missing.
 */
export function detectPanel(visible: VisibleColumns): PanelKind {
  const fitting = kinds.find((kind) => missingColumns(kind, visible).length === 0);
  if (fitting !== undefined) return fitting;
  const [closest] = kinds
    .map((kind) => ({ kind, missing: missingColumns(kind, visible) }))
    .sort((a, b) => a.missing.length - b.missing.length);
  const names = closest?.missing.join(', ');
  throw new OperatorError(
    `the database is not one of ${closest?.kind.name} that this version supports: missing, or not granted to this account: ${names}`,
  );
}

/** `table` for an absent table, `table.column` for an absent column. */
export function missingColumns(kind: PanelKind, visible: VisibleColumns): readonly string[] {
  return Object.entries(kind.columns).flatMap(([table, columns]) => {
    const present = visible.get(table);
    if (present === undefined) return [table];
    return columns.filter((column) => !present.has(column)).map((column) => `${table}.${column}`);
  });
}
