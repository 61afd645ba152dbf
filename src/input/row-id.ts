/** Largest id the panels' columns hold. */
const largestId = 4_294_967_295;

/** A row id as callers write it: digits without a leading zero, within the range of the panels' columns. */
export function parseRowId(text: string | undefined): number | null {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) return null;
  const id = Number(text);
  return id <= largestId ? id : null;
}
