/**
 * A whole number as the panel's integer rule reads it from text: digits without a leading zero, a sign
 * allowed. Anything else stays what it is, for the schema to refuse.
 */
export function coerceInteger(value: unknown): unknown {
  return typeof value === 'string' && /^[+-]?(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

const truths = new Map<unknown, boolean>([
  ...['1', 'true', 1].map((value) => [value, true] as const),
  ...['0', 'false', 0].map((value) => [value, false] as const),
]);

/** A yes or no as the panel's boolean rule reads it, and as people write it in a query. */
export function coerceBoolean(value: unknown): unknown {
  return truths.get(value) ?? value;
}
