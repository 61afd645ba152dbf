import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { binary } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { codeBlocks, readDocument, sectionOf } from './markdown.ts';
import { seedReadmeState } from './readme-state.ts';

const run = promisify(execFile);
const blocks = codeBlocks(sectionOf(readDocument('README.md'), 'Commands'));

/** Commands of the README with what the README says that they print. */
const examples = blocks.flatMap(({ language, text }, index) => {
  const output = blocks[index + 1];
  return language === 'sh' && output?.language === 'text' ? [{ command: text, output: output.text }] : [];
});

let panel: PanelDatabase;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  await seedReadmeState(panel);
});

afterAll(() => panel?.drop());

/** Runs shell lines as a reader would paste them, but for the panel's folder. */
async function shell(lines: string): Promise<string> {
  const define = `panel-sidecar() { "${process.execPath}" "${binary}" "$@"; }`;
  const script = `${define}\n${lines.replaceAll('/var/www/pterodactyl', panel.folder)}`;
  // dash takes no function with a dash in its name.
  const { stdout } = await run('bash', ['-ec', script], { env: { PATH: process.env.PATH } });
  return stdout;
}

test('the README shows what keys and ports look like', () => {
  expect(examples).toHaveLength(2);
});

test.each(examples)('$command', async ({ command, output }) => {
  expect(await shell(command)).toBe(output);
});

test('the key that a command makes can be taken into a variable', async () => {
  const [line = ''] = blocks.filter(({ text }) => text.startsWith('KEY=')).map(({ text }) => text);
  expect(await shell(`${line}echo "<$KEY>"`)).toMatch(/^<ptlc_[A-Za-z0-9]{11}[A-Za-z0-9]{32}>\n$/);
});
