import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPrograms } from '../support/programs.ts';
import { codeBlocks } from './markdown.ts';
import { readmeKey } from './readme-state.ts';

const run = promisify(execFile);
const site = 'https://panel.example.com';

/** A command of a document and one of the answers that the document gives to it. */
export interface Example {
  readonly command: string;
  readonly status: number;
  /** Null for an answer without a body. */
  readonly body: unknown;
}

/** Each "answers `200`" is about the last command before it, sent once more where it has been sent before. */
export function readExamples(section: string): Example[] {
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
export async function execute(command: string, url: string): Promise<{ status: number; body: unknown }> {
  const { curl } = await findPrograms(['curl'], 'curl');
  const script = `curl() { "${curl}" --silent --show-error --write-out '\\n%{http_code}' "$@"; }\n${command}`;
  const { stdout } = await run('sh', ['-ec', script.replaceAll(site, url)], {
    env: { KEY: readmeKey, PATH: process.env.PATH },
  });
  const [, text = '', status] = /^([\s\S]*)\n(\d{3})$/.exec(stdout) ?? [];
  const body = text === '' ? null : (JSON.parse(text.replaceAll(url, site)) as unknown);
  return { status: Number(status), body };
}

/**
 * Text, so that the order of keys counts too, without what is made by chance or is the time of day where a key is
 * made. Of keys that were there before, all of it counts.
 */
export function inOrder(body: unknown): string {
  return JSON.stringify(body, null, 1)
    .replaceAll(/"identifier": "(?!ptlc_Zx81kQ0aWm2")ptlc_[A-Za-z0-9]{11}"/g, '"identifier": "<identifier>"')
    .replaceAll(/"secret_token": "[A-Za-z0-9]{32}"/g, '"secret_token": "<secret>"')
    .replaceAll(
      /"created_at": "(?!2026-10-05T09:30:00\+00:00)\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"/g,
      '"created_at": "<now>"',
    );
}
