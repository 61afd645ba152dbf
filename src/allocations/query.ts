/**
 * A page size as the panel's integer rule reads it: digits without a leading zero, a sign allowed. Anything
 * else stays what it is, for the schema to refuse.
 */
export function parsePerPage(value: unknown): unknown {
  const number = Number(value);
  if (typeof value !== 'string' || !Number.isFinite(number)) return value;
  if (/^[+-]?(?:0|[1-9]\d*)$/.test(value)) return number;
  // A fraction is a number to the panel's bounds, though no integer; `1.0`, exponents and the like count as text.
  return /^-?\d+\.\d+$/.test(value) && !Number.isInteger(number) ? number : value;
}

/** The relations a query asks for: names with commas between, or a list of them. */
export function parseIncludes(value: unknown): ReadonlySet<string> {
  const names = [value]
    .flat()
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(','));
  // `node.location` asks for the node too.
  return new Set(names.map((name) => name.trim().split('.', 1)[0] ?? ''));
}
