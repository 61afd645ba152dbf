import { hasEnded, type StoredKey } from '../stored-keys/stored-key.ts';

/** What the keys of one user can be picked by. */
export interface KeyFilter {
  /** Part of the description, in any case. */
  readonly description?: string;
  /** The whole reference. */
  readonly reference?: string;
  readonly expired?: boolean;
  readonly disabled?: boolean;
}

/** No wish at all. */
export const everyKey: KeyFilter = {};

/** Whether a key is among those a caller asked for. */
export function matchesFilter(key: StoredKey, filter: KeyFilter, now: Date): boolean {
  const { description, reference, expired, disabled } = filter;
  if (description !== undefined && !contains(key.memo, description)) return false;
  if (reference !== undefined && key.own.reference !== reference) return false;
  if (expired !== undefined && hasEnded(key, now) !== expired) return false;
  return disabled === undefined || key.own.isDisabled === disabled;
}

function contains(text: string | null, part: string): boolean {
  return (text ?? '').toLowerCase().includes(part.toLowerCase());
}
