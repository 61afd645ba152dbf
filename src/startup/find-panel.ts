import type { VisibleColumns } from '../database/columns.ts';
import type { Database } from '../database/database.ts';
import { OperatorError } from '../operator-error.ts';
import { detectPanel } from '../panel/detect.ts';
import type { PanelKind } from '../panel/panel.ts';

/** Which panel a database belongs to, and what else is in it. */
export interface FoundPanel {
  readonly kind: PanelKind;
  readonly visible: VisibleColumns;
}

/**
 * Finds out which panel a database belongs to, and whether it takes the rows that this service makes.
 *
 * @throws OperatorError where it belongs to none that is known, or has a column that needs a value which this
 *   version does not give it.
 */
export async function findPanel(database: Database): Promise<FoundPanel> {
  const visible = await database.columns();
  const kind = detectPanel(visible);
  const unknown: string[] = [];
  for (const [table, written] of Object.entries(kind.writtenColumns)) {
    const columns = await database.mandatoryColumnsBeyond(written, table);
    unknown.push(...columns.map((column) => `${table}.${column}`));
  }
  if (unknown.length === 0) return { kind, visible };
  throw new OperatorError(
    `${kind.name} has columns that this version does not know and that have no default: ${unknown.join(', ')}; the database would refuse every row without them, so update panel-sidecar, or give columns of your own a default`,
  );
}
