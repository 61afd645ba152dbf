import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { settingFields } from '../../src/config/fields.ts';
import { createMetrics } from '../../src/metrics.ts';
import { codeIn, readDocument, sectionOf, tableRows } from './markdown.ts';

const readme = readDocument('README.md');
const rowsOf = (section: string) => tableRows(sectionOf(readme, section));

/** All of the program's source, to find what the README quotes of it. */
const source = readdirSync(new URL('../../src', import.meta.url), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
  .join('\n');

test('the table of settings lists every one with its variable, default and meaning', () => {
  const expected = settingFields.map(({ key, variable, default: value, description }) => [
    `\`${key}\``,
    variable === null ? '–' : `\`${variable}\``,
    `\`${Array.isArray(value) ? `[${value.join(', ')}]` : value}\``,
    description,
  ]);
  expect(rowsOf('Configuration')).toEqual(expected);
});

test('the table of metrics lists every one with its labels', async () => {
  const created = createMetrics();
  created.readInFlight(() => 0);
  const metrics = await created.registry.getMetricsAsJSON();
  const own = metrics.filter(({ name }) => name.startsWith('panel_sidecar_')).map(({ name }) => name);
  expect(
    rowsOf('Metrics')
      .map(([name = '']) => codeIn(name)[0])
      .toSorted(),
  ).toEqual(own.toSorted());
});

test('the log messages to look for are ones that the service writes', () => {
  const messages = rowsOf('Logs').map(([message = '']) => codeIn(message)[0] ?? '');
  expect(messages).toHaveLength(16);
  expect(messages.filter((message) => !source.includes(`'${message}'`))).toEqual([]);
});

test('sections of the README that the program names are there', () => {
  const named = [...source.matchAll(/README, "([^"]+)"/g)].map(([, heading = '']) => heading);
  expect(named).not.toEqual([]);
  for (const heading of named) expect(sectionOf(readme, heading)).not.toBe('');
});

describe('the table of commands', () => {
  const documented = new Map(
    rowsOf('Commands').map(([command = '']) => {
      const line = codeIn(command)[0] ?? '';
      return [/^panel-sidecar ((?:[a-z]+ ?)+)/.exec(line)?.[1]?.trim() ?? '', line] as const;
    }),
  );
  const commands = leaves(createProgram());

  test('lists every command', () => {
    expect([...documented.keys()]).toEqual([...commands.keys()]);
  });

  test.each([...commands])('%s: arguments and options', (name, command) => {
    expect(readSignature(documented.get(name) ?? '')).toEqual(signatureOf(command));
  });
});

/** Commands that do something, by their words. */
function leaves(program: Command, words: readonly string[] = []): Map<string, Command> {
  const found = new Map<string, Command>();
  for (const command of program.commands) {
    const path = [...words, command.name()];
    if (command.commands.length === 0) found.set(path.join(' '), command);
    else for (const [name, leaf] of leaves(command, path)) found.set(name, leaf);
  }
  return found;
}

/** What a command takes: names with `[]` around what may be left out, options sorted. */
interface Signature {
  readonly args: readonly string[];
  readonly options: readonly string[];
}

function signatureOf(command: Command): Signature {
  const args = command.registeredArguments.map((argument) => {
    const name = argument.name().toUpperCase();
    return argument.required ? name : `[${name}]`;
  });
  const options = command.options.map(({ long, mandatory }) => (mandatory ? `${long}` : `[${long}]`));
  return { args, options: options.sort() };
}

function readSignature(line: string): Signature {
  const rest = line.replace(/^panel-sidecar (?:[a-z]+ ?)+/, '');
  const options = [...rest.matchAll(/\[?--[a-z-]+/g)].map(([option]) =>
    option.startsWith('[') ? `${option}]` : option,
  );
  const args = rest.replaceAll(/\[--[^\]]*\]|--[a-z-]+ [A-Z:]+/g, '').match(/\[?[A-Z]+\]?/g) ?? [];
  return { args: [...args], options: options.sort() };
}
