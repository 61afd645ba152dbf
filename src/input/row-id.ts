/**
 * A row id as callers write it: digits without a leading zero.
 *
 * @param largestId The largest that the panel's columns hold on its database; beyond it there is no row.
 */
export function parseRowId(text: string | undefined, largestId: number): number | null {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) return null;
  const id = Number(text);
  return id <= largestId ? id : null;
}
