import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { findPrograms } from '../support/programs.ts';
import { type RunningService, startService } from '../support/service.ts';
import { codeBlocks, readDocument, sectionOf } from './markdown.ts';
import { readmeKey, seedReadmeState } from './readme-state.ts';

const run = promisify(execFile);
const site = 'https://panel.example.com';

/** A command of the README and one of the answers that the README gives to it. */
interface Example {
  readonly command: string;
  readonly status: number;
  /** Null for an answer without a body. */
  readonly body: unknown;
}

const examples = readExamples(sectionOf(readDocument('README.md'), 'Endpoints'));
let panel: PanelDatabase;
let service: RunningService;
let curl: string;

beforeAll(async () => {
  ({ curl } = await findPrograms(['curl'], 'curl'));
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  await seedReadmeState(panel);
  service = await startService(panel.folder);
});

afterAll(async () => {
  await service?.stop();
  await panel?.drop();
});

test('the README shows every operation, and a refusal', () => {
  const shown = examples.map(({ command, status }) => `${/-X (\w+)/.exec(command)?.[1] ?? 'GET'} ${status}`);
  expect(shown).toEqual(['GET 200', 'POST 200', 'POST 422', 'DELETE 204', 'GET 200']);
});

test.each(examples)('$command answers $status', async ({ command, status, body }) => {
  const answer = await execute(command);

  expect(answer.status).toBe(status);
  expect(inOrder(answer.body)).toBe(inOrder(body));
});

/** Each "answers `200`" is about the last command before it, sent once more where it has been sent before. */
function readExamples(section: string): Example[] {
  const blocks = codeBlocks(section);
  let command = '';
  return blocks.flatMap((block, index) => {
    if (block.language === 'sh') command = block.text;
    const status = /answers\s+`(\d{3})`/.exec(block.after)?.[1];
    if (status === undefined) return [];
    const next = blocks[index + 1];
    const body = next?.language === 'json' ? (JSON.parse(next.text) as unknown) : null;
    return [{ command, status: Number(status), body }];
  });
}

/** Runs a command as a reader would paste it, but for the address. */
async function execute(command: string): Promise<{ status: number; body: unknown }> {
  const script = `curl() { "${curl}" --silent --show-error --write-out '\\n%{http_code}' "$@"; }\n${command}`;
  const { stdout } = await run('sh', ['-ec', script.replaceAll(site, service.url)], {
    env: { KEY: readmeKey, PATH: process.env.PATH },
  });
  const [, text = '', status] = /^([\s\S]*)\n(\d{3})$/.exec(stdout) ?? [];
  const body = text === '' ? null : (JSON.parse(text.replaceAll(service.url, site)) as unknown);
  return { status: Number(status), body };
}

/** Text, so that the order of keys counts too, without what is made by chance where a key is made. */
function inOrder(body: unknown): string {
  const text = JSON.stringify(body, null, 1);
  if (!text.startsWith('{\n "object": "api_key"')) return text;
  return text
    .replace(/"identifier": "ptlc_[A-Za-z0-9]{11}"/, '"identifier": "<identifier>"')
    .replace(/"secret_token": "[A-Za-z0-9]{32}"/, '"secret_token": "<secret>"')
    .replace(
      /"created_at": "2026-11-24T06:33:42\+00:00"|"created_at": "[\d-]+T[\d:]+\+00:00"/,
      '"created_at": "<now>"',
    );
}
