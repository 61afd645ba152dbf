import { inspect } from 'node:util';

/** Stands for a secret wherever an object is printed. */
const HIDDEN = '[hidden]';

/**
 * Makes an immutable object of which nothing that prints objects (JSON, console, logger) shows the secrets:
 * they can be read by name, but are not enumerable, so that a copy made with `{ ...object }` leaves them out
 * rather than giving them away.
 *
 * @param visible what may be printed
 * @param secrets what may not: printed as `[hidden]`
 */
export function withHidden<V extends object, S extends object>(
  visible: V,
  secrets: S,
): Readonly<V & S & Printable> {
  const result: V & Partial<S & Printable> = { ...visible };
  for (const [name, value] of Object.entries(secrets)) Object.defineProperty(result, name, { value });
  const shown = { ...visible, ...Object.fromEntries(Object.keys(secrets).map((name) => [name, HIDDEN])) };
  Object.defineProperty(result, 'toJSON', { value: () => shown });
  Object.defineProperty(result, inspect.custom, { value: () => shown });
  return Object.freeze(result) as Readonly<V & S & Printable>;
}

/** An object that says itself what of it may be printed. */
export interface Printable {
  /** Called by JSON.stringify() and by loggers. */
  toJSON(): object;
}
