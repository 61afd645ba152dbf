import { isAllowedIp } from '../panel/ip-range.ts';

/**
 * Whether a key may be used from an address. No list, an empty one and one that is not JSON mean no
 * restriction, as in the panel; an entry that can't be read matches nothing.
 *
 * @param stored The JSON text of the key's allow-list.
 * @param onUnparsable Told of each entry that can't be read.
 */
export function admitsAddress(
  stored: string | null,
  address: string,
  onUnparsable: (entry: string) => void,
): boolean {
  const entries = allowListEntries(stored);
  return entries.length === 0 || isAllowedIp(entries, address, onUnparsable);
}

/** The entries of a stored allow-list; none where it does not restrict. */
export function allowListEntries(stored: string | null): readonly string[] {
  if (stored === null || stored === '' || stored === '[]') return [];
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    return [];
  }
  // PHP takes these for empty.
  if (value === null || value === false || value === 0 || value === '' || value === '0') return [];
  const entries: unknown[] = typeof value === 'object' ? Object.values(value) : [value];
  return entries.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
}
