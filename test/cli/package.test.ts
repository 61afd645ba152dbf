import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, startCommand } from '../support/cli.ts';
import { type InstalledPackage, installPackage } from '../support/installed-package.ts';

const shell = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
}, 300_000);

afterAll(() => installed?.remove());

it('ships compiled files, and the papers', () => {
  const { packed } = installed;
  const compiled = packed.filter((path) => path.startsWith('dist/'));
  expect(compiled).toContain('dist/cli/main.js');
  expect(compiled.filter((path) => !path.endsWith('.js'))).toEqual([]);
  expect(packed.filter((path) => !compiled.includes(path)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin/package.json',
    'bin/panel-sidecar',
    'package.json',
  ]);
});

it('runs where it is installed, and answers', async () => {
  const { file, folder } = installed;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(await run(['--version'], { file, cwd: folder })).toEqual({
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
  const demo = startCommand(['demo', '--listen', '127.0.0.1:0'], { file, cwd: folder });
  const [text] = await demo.printed(/[\s\S]*per_page=5'\n/);
  const line = text.split('\n').find((candidate) => candidate.startsWith('curl '));
  const { stdout } = await shell('sh', ['-c', line ?? 'false']);
  expect(JSON.parse(stdout)).toMatchObject({
    object: 'list',
    data: [
      { attributes: { identifier: 'ptlc_demoPlugin1' } },
      { attributes: { identifier: 'ptlc_demoBackup1' } },
    ],
  });
  demo.process.kill('SIGTERM');
  expect(await demo.finished).toMatchObject({ code: 0, stderr: '' });
});
