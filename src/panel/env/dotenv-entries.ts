/** One variable's text in a `.env` file: a line, or several lines where a double-quoted value spans them. */
export interface DotenvEntry {
  /** number of the entry's first line, from 1 */
  readonly line: number;
  /** the line or lines, joined with "\n" whatever the file's line ends are */
  readonly text: string;
}

/**
 * Cuts a `.env` file into entries, leaving out blank lines and lines that are comments. A byte order mark is
 * dropped.
 *
 * Like the panel's dotenv reader, an entry goes on over several lines where `="` opens a double quote that its
 * line does not close, up to and with the next line that has an unescaped double quote. One that is never
 * closed runs to the end of the file, so that the caller sees the missing quote instead of losing the rest.
 */
export function dotenvEntries(text: string): DotenvEntry[] {
  const entries: DotenvEntry[] = [];
  let open: { line: number; lines: string[] } | null = null;
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (open !== null) {
      open.lines.push(line);
      if (quotesIn(line) > 0) {
        entries.push({ line: open.line, text: open.lines.join('\n') });
        open = null;
      }
    } else if (opensQuote(line)) {
      open = { line: index + 1, lines: [line] };
    } else if (!/^[ \n\r\t\0\v]*(#|$)/.test(line)) {
      entries.push({ line: index + 1, text: line });
    }
  }
  if (open !== null) entries.push({ line: open.line, text: open.lines.join('\n') });
  return entries;
}

/** Whether a name is one that the panel's dotenv reader accepts: letters of any script, digits, "_" and ".". */
export function isDotenvName(name: string): boolean {
  return /^[\p{Ll}\p{Lu}\p{M}\p{N}_.]+$/u.test(name);
}

function opensQuote(line: string): boolean {
  const quote = line.indexOf('="');
  if (quote === -1 || line.slice(0, quote).includes('#')) return false;
  return quotesIn(line) < 2;
}

/** Number of double quotes that no backslash escapes. */
function quotesIn(line: string): number {
  let count = 0;
  for (let at = 0; at < line.length; at += 1) {
    if (line.charAt(at) === '\\') at += 1;
    else if (line.charAt(at) === '"') count += 1;
  }
  return count;
}
