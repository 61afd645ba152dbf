import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OperatorError } from '../../src/operator-error.ts';
import { findPostgres } from './postgres-binaries.ts';

let folder: string;
let root: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-programs-'));
  root = join(folder, 'versions');
  path = join(folder, 'path');
  mkdirSync(path);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function program(place: string, body = ''): void {
  mkdirSync(join(place, '..'), { recursive: true });
  writeFileSync(place, `#!/bin/sh\n${body}\n`);
  chmodSync(place, 0o755);
}

const adviceLine = /^postgres was not found: install PostgreSQL [^\n]*apt-get install postgresql[^\n]*$/;

test('takes both programs from the newest version that has both', async () => {
  for (const version of ['9.6', '15', '16']) program(join(root, version, 'bin', 'postgres'));
  for (const version of ['9.6', '15']) program(join(root, version, 'bin', 'initdb'));

  expect(await findPostgres(root, [path], true)).toEqual({
    server: join(root, '15', 'bin', 'postgres'),
    initDb: join(root, '15', 'bin', 'initdb'),
  });
});

test('takes them from PATH where no version is installed the way Debian does', async () => {
  program(join(path, 'postgres'));
  program(join(path, 'initdb'));

  expect((await findPostgres(root, ['/nowhere', path], true)).initDb).toBe(join(path, 'initdb'));
});

test('installs the package, after bringing the list of packages up to date', async () => {
  const bin = join(root, '15', 'bin');
  const copy = `mkdir -p ${bin}; cp "$0" ${bin}/postgres; cp "$0" ${bin}/initdb`;
  program(join(path, 'apt-get'), `echo "$*" >> ${folder}/calls; if [ "$1" = install ]; then ${copy}; fi`);

  expect((await findPostgres(root, [path], true)).server).toBe(join(bin, 'postgres'));
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe(
    'update\ninstall --yes --no-install-recommends postgresql\n',
  );
});

test('says in one line what to install, and touches nothing, where it may not install', async () => {
  program(join(path, 'apt-get'), `touch ${folder}/calls`);

  const failure = await findPostgres(root, [path], false).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(OperatorError);
  expect((failure as OperatorError).message).toMatch(adviceLine);
  expect(existsSync(join(folder, 'calls'))).toBe(false);
});
