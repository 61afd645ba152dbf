import { OperatorError } from '../../operator-error.ts';

/**
 * A value of a `.env` file before expansion: its text, quotes and escapes resolved, cut in front of every `$`
 * that may begin a `${NAME}`. The first piece is plain text (possibly empty); each further piece begins with
 * such a `$`.
 */
export type DotenvValue = readonly [string, ...string[]];

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  $: '$',
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
};

/**
 * Reads what stands behind the `=` of a `.env` entry, as the panel's dotenv reader does.
 *
 * @param source the trimmed text, a comment behind the value included
 * @throws OperatorError without line number; the message never holds the value
 */
export function scanDotenvValue(source: string): DotenvValue {
  const quote = source.charAt(0);
  if (quote === '"') return scanDoubleQuoted(source);
  if (quote === "'") {
    const end = source.indexOf("'", 1);
    if (end === -1) throw new OperatorError('the closing single quote of the value is missing');
    refuseTrailing(source.slice(end + 1));
    return [source.slice(1, end)];
  }
  // A "#" ends an unquoted value even without a space in front of it.
  const value = /^[^ \t\n\r\v\f#]*/.exec(source)?.[0] ?? '';
  refuseTrailing(source.slice(value.length));
  const [first = '', ...references] = value.split(/(?=\$)/);
  return first.startsWith('$') ? ['', first, ...references] : [first, ...references];
}

/**
 * Replaces every `${NAME}` of a value. A name that is not known stays as it is written.
 *
 * Goes from the last reference to the first, as the panel's dotenv reader does, so that a name may itself be
 * put together from a reference further right; text that a reference brought in is not expanded on its own.
 *
 * @param lookUp value of a name: the process environment's, else an earlier line's; `undefined` if unknown
 */
export function expandDotenvValue(
  [first, ...references]: DotenvValue,
  lookUp: (name: string) => string | undefined,
): string {
  const tail = references.reduceRight(
    (rest, reference) =>
      (reference + rest).replace(/^\$\{([a-zA-Z0-9_.]+)\}/, (written, name) => lookUp(name) ?? written),
    '',
  );
  return first + tail;
}

function scanDoubleQuoted(source: string): DotenvValue {
  const pieces: [string, ...string[]] = [''];
  let piece = '';
  for (let at = 1; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === '"') {
      refuseTrailing(source.slice(at + 1));
      pieces[pieces.length - 1] = piece;
      return pieces;
    }
    if (character === '$') {
      pieces[pieces.length - 1] = piece;
      pieces.push('');
      piece = '$';
    } else if (character === '\\') {
      at += 1;
      piece += unescaped(source.charAt(at));
    } else {
      piece += character;
    }
  }
  throw new OperatorError('the closing double quote of the value is missing');
}

function unescaped(character: string): string {
  if (character === '') throw new OperatorError('the closing double quote of the value is missing');
  const meaning = Object.hasOwn(ESCAPES, character) ? ESCAPES[character] : undefined;
  if (meaning === undefined) {
    throw new OperatorError(
      'an unknown escape in the double-quoted value (write \\\\ for a backslash, or use single quotes)',
    );
  }
  return meaning;
}

/** Behind a value there may be white space and a comment, nothing else. */
function refuseTrailing(rest: string): void {
  if (!/^[ \t\n\r\v\f]*(#|$)/.test(rest)) {
    throw new OperatorError('text behind the value (put the whole value into double quotes)');
  }
}
