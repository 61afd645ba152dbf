import { parse } from 'qs';

/**
 * Reads a query string or a form body as PHP does: `a[]=1`, `a[b]=1`, the last of two equal names wins,
 * at most 1000 fields. What can't be decoded stays as it is written.
 *
 * @param text Without the leading `?`.
 */
export function parseForm(text: string): Record<string, unknown> {
  if (text === '') return {};
  return parse(text, {
    duplicates: 'last',
    depth: 8,
    parameterLimit: 1000,
    arrayLimit: 1000,
    plainObjects: true,
    allowEmptyArrays: false,
  });
}

/** Writes fields back as a query string, `a[b]=1` for nested ones, in their order. */
export { stringify as formatQuery } from 'qs';
