/** A bearer token, split where the panel splits it. */
export interface BearerToken {
  readonly identifier: string;
  readonly secret: string;
}

/** Length of the part of a token by which the panel finds the key. */
export const identifierLength = 16;

const scheme = 'bearer ';

/**
 * Reads the token from an Authorization header as the panel does: what follows the last `Bearer ` (in any
 * case), up to the first comma. Nothing is trimmed.
 *
 * @returns null where there is no token that could be a key.
 */
export function parseBearer(header: string | undefined): BearerToken | null {
  if (header === undefined) return null;
  const start = header.toLowerCase().lastIndexOf(scheme);
  if (start === -1) return null;
  const rest = header.slice(start + scheme.length);
  const comma = rest.indexOf(',');
  const token = comma === -1 ? rest : rest.slice(0, comma);
  // The panel's guard keeps tokens with a bar for another scheme that it does not use.
  if (token.length <= identifierLength || token.includes('|')) return null;
  return { identifier: token.slice(0, identifierLength), secret: token.slice(identifierLength) };
}
