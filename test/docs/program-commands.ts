import { expect } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { codeBlocks } from './markdown.ts';

/** The lines of a document that run the program. */
export function programLines(document: string): readonly string[] {
  return codeBlocks(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.startsWith('panel-sidecar '));
}

/** Expects that the program has the command of a line, with these options and as many arguments. */
export function expectTaken(line: string): void {
  const words = line.split(' ').slice(1);
  let command = createProgram();
  for (;;) {
    const next = command.commands.find((candidate) => candidate.name() === words[0]);
    if (next === undefined) break;
    command = next;
    words.shift();
  }
  const { operands, unknown } = command.parseOptions(words);
  expect(unknown).toEqual([]);
  expect(operands).toHaveLength(command.registeredArguments.length);
}
