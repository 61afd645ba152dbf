import Table from 'cli-table3';
import { colors, printable } from './output.ts';

const lines = ['top', 'bottom', 'left', 'right', 'mid'];
const noLines = Object.fromEntries(
  lines.flatMap((line) => [line, `${line}-mid`, `${line}-left`, `${line}-right`]).map((line) => [line, '']),
);

/** Rows under a heading, in columns that line up, without lines between them. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: head.map(colors.bold),
    chars: { ...noLines, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table.toString().replaceAll(/[ \t]+$/gm, '');
}
