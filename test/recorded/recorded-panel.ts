import type { PanelName } from '../support/cells.ts';
import type { Difference } from './differences.ts';
import type { Recording } from './recording.ts';

/** A panel's recordings, and how they are compared. */
export interface RecordedPanel {
  readonly panel: PanelName;
  readonly recordings: readonly Recording[];
  /** What is answered otherwise on purpose, by the recording's name. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Columns of a key that this panel alone has, as far as they are recorded. */
  readonly ownColumns: readonly string[];
  /** What `meta.node` of a list of ports shows as the node's location. */
  readonly location: unknown;
  /** Files, from the root of the project, that hold the headings of the differences. */
  readonly docs: readonly string[];
}
