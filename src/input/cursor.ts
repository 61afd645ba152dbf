/** Reads and writes the opaque places that cursor pages begin at. */

/** Text for the place after a row, given what the rows are ordered by. */
export function formatCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/**
 * What a cursor stands for: null for the beginning (an empty cursor), undefined for what is none of this
 * service's.
 *
 * @param length How many values a cursor of this list holds.
 */
export function parseCursor(text: unknown, length: number): readonly (string | number)[] | null | undefined {
  if (text === null || text === '') return null;
  if (typeof text !== 'string' || text.length > 1000) return undefined;
  try {
    const values: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(values) || values.length !== length) return undefined;
    const isPlain = (value: unknown) => typeof value === 'string' || Number.isSafeInteger(value);
    return values.every(isPlain) ? (values as (string | number)[]) : undefined;
  } catch {
    return undefined;
  }
}
