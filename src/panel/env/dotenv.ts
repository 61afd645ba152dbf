import { OperatorError } from '../../operator-error.ts';
import { dotenvEntries, isDotenvName } from './dotenv-entries.ts';
import { type DotenvValue, expandDotenvValue, scanDotenvValue } from './dotenv-value.ts';

/** Process environment: names to values; `undefined` means the name is not set. */
export type ProcessEnv = Readonly<Record<string, string | undefined>>;

/**
 * Value of a name in the process environment, or `undefined`. Looks at own properties only, so that a
 * variable called `constructor` is not found on every object.
 */
export function inheritedValue(inherited: ProcessEnv, name: string): string | undefined {
  return Object.hasOwn(inherited, name) ? inherited[name] : undefined;
}

/**
 * Reads the text of a `.env` file as the panel's dotenv reader does (vlucas/phpdotenv 5, which Laravel runs
 * in its immutable mode).
 *
 * @param text the file's content
 * @param inherited the process environment; it wins over the file, inside `${NAME}` too
 * @returns every name of the file with its effective value: a string, or `null` for a `NAME` without `=`
 *   (which also forgets an earlier line's value). Of several lines with one name the last counts.
 * @throws OperatorError with the line's number and never its content, which may be a secret
 */
export function parseDotenv(text: string, inherited: ProcessEnv): Map<string, string | null> {
  // Two passes, as the panel's reader: a mistake anywhere in the file means that nothing of it counts.
  const lines: { name: string; value: DotenvValue | null }[] = [];
  for (const entry of dotenvEntries(text)) {
    try {
      lines.push(parseEntry(entry.text));
    } catch (error) {
      if (error instanceof OperatorError) throw new OperatorError(`line ${entry.line}: ${error.message}`);
      throw error;
    }
  }

  const values = new Map<string, string | null>();
  const lookUp = (name: string) => inheritedValue(inherited, name) ?? values.get(name) ?? undefined;
  for (const { name, value } of lines) {
    values.set(
      name,
      inheritedValue(inherited, name) ?? (value === null ? null : expandDotenvValue(value, lookUp)),
    );
  }
  return values;
}

function parseEntry(entry: string): { name: string; value: DotenvValue | null } {
  const equals = entry.indexOf('=');
  // Only a name that is followed by "=" may be indented or have spaces behind it.
  if (equals === -1) return { name: parseName(entry), value: null };
  const name = trim(entry.slice(0, equals));
  if (name === '') throw new OperatorError('there is no name in front of "="');
  return { name: parseName(name), value: scanDotenvValue(trim(entry.slice(equals + 1))) };
}

function parseName(written: string): string {
  const unexported = written.replace(/^export[ \t\n\r\v\f]+/, '');
  const quoted = /^(["'])([\s\S]+)\1$/.exec(unexported);
  const name = quoted?.[2] ?? unexported;
  if (!isDotenvName(name)) {
    throw new OperatorError('not of the form NAME=value (a name has letters, digits, "_" and "." only)');
  }
  return name;
}

/** What PHP's trim() removes; it differs from JavaScript's in NUL, form feed and Unicode spaces. */
function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && ' \n\r\t\0\v'.includes(text.charAt(from))) from += 1;
  while (to > from && ' \n\r\t\0\v'.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}
