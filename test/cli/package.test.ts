import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, startCommand } from '../support/cli.ts';

const shell = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let tarball: string;
let packed: readonly string[];
/** The command as npm links it in the folder where the package is installed. */
let file: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-package-'));
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const pack = await shell('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, env });
  // The build may print something before npm does.
  const [{ filename, files }] = JSON.parse(pack.stdout.slice(pack.stdout.search(/^\[/m)));
  tarball = join(folder, filename);
  packed = files.map(({ path }: { path: string }) => path);
  const app = join(folder, 'app');
  mkdirSync(app);
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--prefix', app];
  await shell('npm', ['install', ...options, tarball], { cwd: app, env });
  file = join(app, 'node_modules', '.bin', 'panel-sidecar');
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('ships compiled files, and the papers', () => {
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
