import { trimInput } from './trim.ts';

/** A request's fields by name, after the panel's clean-up. */
export type Input = Record<string, unknown>;

/**
 * What the panel does to every input before rules see it: strings are trimmed, empty strings become null,
 * and maps whose keys count from 0 become lists (PHP knows only one kind of array).
 */
export function cleanInput(fields: Readonly<Record<string, unknown>>): Input {
  const cleaned: Input = Object.create(null) as Input;
  for (const [name, value] of Object.entries(fields)) cleaned[name] = cleanValue(value);
  return cleaned;
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') {
    const trimmed = trimInput(value);
    return trimmed === '' ? null : trimmed;
  }
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const isList = entries.every(([key], index) => key === String(index));
  if (isList) return entries.map(([, member]) => cleanValue(member));
  return Object.fromEntries(entries.map(([key, member]) => [key, cleanValue(member)]));
}

/** Without those of the named fields that are null, for fields that may be null and mean "absent" then. */
export function withoutNulls(input: Input, fields: readonly string[]): Input {
  const present: Input = Object.create(null) as Input;
  for (const [name, value] of Object.entries(input)) {
    if (value !== null || !fields.includes(name)) present[name] = value;
  }
  return present;
}
