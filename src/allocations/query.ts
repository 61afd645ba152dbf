import { coerceBoolean } from '../input/coerce.ts';
import { parseCursor } from '../input/cursor.ts';
import { invalid } from '../input/invalid.ts';
import { anyId, type PortFilter, parsePortRange } from './port-filter.ts';
import { cursorLength, isPlace, type PortOrder } from './port-order.ts';

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

/** The ports that the query of a list asks for, on given nodes. @throws ApiError 422 naming the field. */
export function readPortFilter(
  query: Readonly<Record<string, unknown>>,
  nodeIds: readonly number[],
  freeOnly: boolean,
): PortFilter {
  const filter = fieldsOf(query.filter);
  const ports = filter.port === undefined || filter.port === null ? null : parsePortRange(filter.port);
  if (ports === null && (filter.port ?? null) !== null) {
    throw invalid('filter.port', 'regex', 'The filter.port must be a port, or two with a dash between.');
  }
  return {
    nodeIds,
    ports,
    ids: anyId,
    ip: textOf(filter.ip, 'filter.ip'),
    alias: textOf(filter.alias, 'filter.alias'),
    freeOnly,
    includeHeld: readFlag(query.include_held, 'include_held'),
    replacing: null,
  };
}

/** A yes or no in a query; absent means no. @throws ApiError 422 */
export function readFlag(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  const flag = coerceBoolean(value);
  if (typeof flag === 'boolean') return flag;
  throw invalid(field, 'boolean', `The ${field.replaceAll('_', ' ')} field must be true or false.`);
}

/** The place a cursor stands for in this order, or null for the beginning. @throws ApiError 422 */
export function readCursor(value: unknown, order: PortOrder): readonly (string | number)[] | null {
  const place = parseCursor(value, cursorLength(order));
  const isOfThisList = place !== undefined && (place === null || isPlace(place, order));
  if (!isOfThisList) throw invalid('cursor', 'cursor', 'The cursor is not one of this list.');
  return place;
}

/** The named members of a query field, whatever else it is. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  // No address or alias has a NUL, and some databases refuse to compare one.
  if (typeof value === 'string' && value.includes('\0')) {
    throw invalid(field, 'regex', `The ${field} format is invalid.`);
  }
  if (typeof value === 'string') return value;
  throw invalid(field, 'string', `The ${field} must be a string.`);
}
