import picocolors from 'picocolors';

/**
 * Colours for what goes to standard output: none where that is no terminal, or NO_COLOR is set. (The library
 * alone would colour a pipe too wherever CI is set.)
 */
export const colors = picocolors.createColors(picocolors.isColorSupported && process.stdout.isTTY === true);

/** Prints lines for people. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a value for programs. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Says something beside the result, where a program that reads the result does not see it. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A text in one line: commands fail in one. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/**
 * A text that others wrote, fit for a terminal: control and direction characters, which could rewrite what
 * stands around them, become a replacement mark.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd');
}
