import { readFileSync } from 'node:fs';

/** A fenced block of a document. */
export interface CodeBlock {
  /** What stands behind the opening fence: `sh`, `json`, … */
  readonly language: string;
  readonly text: string;
  /** The prose between the block before it, or the section's beginning, and this one. */
  readonly before: string;
  /** The prose between this block and the next one, or the section's end. */
  readonly after: string;
}

/** Reads a document of the project by its path from the project's folder. */
export function readDocument(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** A section, sub-sections included, without its heading. @throws Error where there is none of that name */
export function sectionOf(document: string, heading: string): string {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start === -1) throw new Error(`no section is called "${heading}"`);
  const level = lines[start]?.indexOf(' ') ?? 0;
  const rest = lines.slice(start + 1);
  let inBlock = false;
  const end = rest.findIndex((line) => {
    if (line.startsWith('```')) inBlock = !inBlock;
    const depth = /^(#+) /.exec(line)?.[1]?.length;
    return !inBlock && depth !== undefined && depth <= level;
  });
  return rest.slice(0, end === -1 ? undefined : end).join('\n');
}

/** The fenced blocks of a document, in order. */
export function codeBlocks(document: string): readonly CodeBlock[] {
  // Prose, language, text, prose, language, text, …, prose.
  const parts = document.split(/^```(\w*)\n([\s\S]*?)^```$/m);
  const blocks: CodeBlock[] = [];
  for (let at = 0; at + 3 < parts.length; at += 3) {
    const [before = '', language = '', text = '', after = ''] = parts.slice(at, at + 4);
    blocks.push({ language, text, before, after });
  }
  return blocks;
}

/** The rows of a document's first table, without its head; cells as they are written. */
export function tableRows(document: string): readonly (readonly string[])[] {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const table = lines.slice(start).slice(2);
  const end = table.findIndex((line) => !line.startsWith('|'));
  return table.slice(0, end === -1 ? undefined : end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** The texts between backticks in a cell. */
export function codeIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text);
}
