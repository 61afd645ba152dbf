import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { binary, failure, run, startCommand } from '../support/cli.ts';

// The binary only asks for the version, so a Node that claims an old one is as good as an old Node.
let folder: string;
let nodeArgs: readonly string[];
let installed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-old-'));
  const claim = join(folder, 'claim.cjs');
  writeFileSync(claim, "Object.defineProperty(process, 'version', { value: 'v20.20.2' });");
  nodeArgs = ['--require', claim];
  installed = join(folder, 'app', 'node_modules', 'panel-sidecar');
  mkdirSync(join(installed, 'bin'), { recursive: true });
  mkdirSync(join(installed, 'dist', 'cli'), { recursive: true });
  cpSync(binary, join(installed, 'bin', 'panel-sidecar'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Installs a Node as the npm package `node` does. */
function installNode(place: string, script?: string): void {
  const bin = join(folder, place, 'node_modules', 'node', 'bin');
  mkdirSync(bin, { recursive: true });
  if (script === undefined) symlinkSync(process.execPath, join(bin, 'node'));
  else writeFileSync(join(bin, 'node'), script, { mode: 0o755 });
}

const program = (text: string) => writeFileSync(join(installed, 'dist', 'cli', 'main.js'), text);
const options = () => ({ nodeArgs, file: join(installed, 'bin', 'panel-sidecar') });

it('a checkout uses the Node in its node_modules', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await run(['--version'], { nodeArgs })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('an installed package finds one beside it, passes arguments on, and the exit code back', async () => {
  installNode('app');
  program('console.log(process.argv.slice(2).join()); process.exitCode = 7;');
  expect(await run(['a', '--b'], options())).toEqual({ code: 7, stdout: 'a,--b\n', stderr: '' });
});

it('looks further up, past one that is too old itself', async () => {
  installNode('app', '#!/bin/sh\necho v18.0.0\n');
  installNode('.');
  program('console.log("ran");');
  expect(await run([], options())).toEqual({ code: 0, stdout: 'ran\n', stderr: '' });
});

it('says in one line what it needs where there is none', async () => {
  expect(await run(['serve'], options())).toEqual(
    failure('needs Node 22.18 or newer, this is v20.20.2: install a current LTS'),
  );
});

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on', async (signal) => {
  installNode('app');
  program(`process.on('${signal}', () => process.exit(9)); setInterval(() => {}, 1000); console.log('up');`);
  const { process: child, printed, finished } = startCommand([], options());
  await printed(/up/);
  child.kill(signal);
  expect(await finished).toEqual({ code: 9, stdout: 'up\n', stderr: '' });
});

it('ends as a shell would after a signal that ended the program', async () => {
  installNode('app');
  program("process.kill(process.pid, 'SIGKILL');");
  expect((await run([], options())).code).toBe(137);
});

it('leaves out that SQLite is experimental in the oldest Node that will do, and no other warning', async () => {
  program(`
    process.emitWarning('SQLite is an experimental feature', 'ExperimentalWarning');
    process.emitWarning('another matter');
  `);
  const { stderr } = await run([], { file: options().file });
  expect(stderr).toMatch(/^\(node:\d+\) Warning: another matter\n/);
  expect(stderr).not.toContain('SQLite');
});
