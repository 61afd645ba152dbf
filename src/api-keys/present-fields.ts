import { type Input, withoutNulls } from '../input/input.ts';
import type { Panel } from '../panel/panel.ts';

/**
 * The fields of a new key, after clean-up, that count as given. An empty description is a missing one on
 * every panel; which others may be null and mean "absent" then is the panel's own.
 */
export function presentFields(input: Input, panel: Pick<Panel, 'nullableFields'>): Input {
  return withoutNulls(input, ['description', ...panel.nullableFields]);
}
