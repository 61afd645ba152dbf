import type { VisibleColumns } from '../database/columns.ts';
import { OperatorError } from '../operator-error.ts';
import type { PanelKind } from './panel.ts';
import { pelican } from './pelican/pelican.ts';
import { pterodactyl } from './pterodactyl/pterodactyl.ts';

/** Adding a panel means adding a folder beside this file, and a name here. */
const kinds: readonly PanelKind[] = [pterodactyl, pelican];

/** Every table any panel may need, without prefix. */
export const panelTableNames: readonly string[] = [
  ...new Set(kinds.flatMap((kind) => Object.keys(kind.columns))),
];

/**
 * Tells which panel a database belongs to, from its tables and columns.
 *
 * @throws OperatorError where it is none that this service knows, or is half-way through a migration: with
 *   what was expected and what was found.
 */
export function detectPanel(visible: VisibleColumns): PanelKind {
  const fitting = kinds.filter((kind) => missingColumns(kind, visible).length === 0);
  const [kind, other] = fitting;
  if (kind === undefined) throw unknownPanel(visible);
  if (other !== undefined) {
    throw new OperatorError(
      `the database holds the tables of both ${kind.name} and ${other.name}: finish or undo the migration between them`,
    );
  }
  return kind;
}

/** `table` for an absent table, `table.column` for an absent column. */
export function missingColumns(kind: PanelKind, visible: VisibleColumns): readonly string[] {
  return Object.entries(kind.columns).flatMap(([table, columns]) => {
    const present = visible.get(table);
    if (present === undefined) return [table];
    return columns.filter((column) => !present.has(column)).map((column) => `${table}.${column}`);
  });
}

function unknownPanel(visible: VisibleColumns): OperatorError {
  const found = [...visible.keys()].filter((table) => panelTableNames.includes(table));
  if (found.length === 0) {
    return new OperatorError(
      'the database holds no table of a panel: check DB_DATABASE, DB_PREFIX and what this account may read',
    );
  }
  const [closest] = kinds
    .map((kind) => ({ kind, missing: missingColumns(kind, visible) }))
    .sort((a, b) => a.missing.length - b.missing.length);
  const names = closest?.missing.join(', ');
  return new OperatorError(
    `the database is closest to ${closest?.kind.name}, but these are missing, or not granted to this account: ${names}`,
  );
}
