/** Nesting that the panel's JSON reader refuses. */
const refusedDepth = 512;

/** A JSON text that the panel's reader would not take; the message is that reader's. */
export class JsonError extends Error {
  override name = 'JsonError';
}

/**
 * Reads a JSON body with the limits and error texts of the panel's reader (PHP's `json_decode`).
 *
 * @throws JsonError
 */
export function parseJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError('Syntax error');
  }
  checkShape(value, text.includes('\\u'));
  return value;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonError('Malformed UTF-8 characters, possibly incorrectly encoded');
  }
}

/**
 * Walks the value level by level: a body may be nested far deeper than a call stack. Only an escape can
 * bring half of a surrogate pair into a string, so strings are looked at only where there is one.
 */
function checkShape(root: unknown, hasEscapes: boolean): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string') {
        if (hasEscapes) checkWellFormed(value);
      } else if (typeof value === 'object' && value !== null) {
        if (hasEscapes && !Array.isArray(value)) for (const key of Object.keys(value)) checkWellFormed(key);
        if (depth + 1 >= refusedDepth) throw new JsonError('Maximum stack depth exceeded');
        for (const member of Object.values(value)) next.push(member);
      }
    }
    level = next;
  }
}

function checkWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new JsonError('Single unpaired UTF-16 surrogate in unicode escape');
}
