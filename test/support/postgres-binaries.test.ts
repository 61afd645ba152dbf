import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findPostgres, postgresFolders } from './postgres-binaries.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-programs-'));
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

test('takes both programs from the newest version', async () => {
  for (const version of ['13', '15', '9.6']) {
    program(join(folder, version, 'bin', 'postgres'));
    program(join(folder, version, 'bin', 'initdb'));
  }

  expect(await findPostgres({ folders: postgresFolders(folder) })).toEqual({
    server: join(folder, '15', 'bin', 'postgres'),
    initDb: join(folder, '15', 'bin', 'initdb'),
  });
});

test('finds the version that the package brings', async () => {
  const bin = join(folder, '17', 'bin');
  const copy = `mkdir -p ${bin}; cp "$0" ${bin}/postgres; cp "$0" ${bin}/initdb`;
  program(join(folder, 'path', 'apt-get'), `echo "$*" >> ${folder}/calls; [ "$1" = update ] || { ${copy}; }`);
  const folders = [...postgresFolders(folder).slice(0, 30), join(folder, 'path')];

  expect((await findPostgres({ folders, mayInstall: true })).server).toBe(join(bin, 'postgres'));
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe(
    'update\ninstall --yes --no-install-recommends postgresql\n',
  );
});

test('says in one line what to install where it may not install', async () => {
  await expect(findPostgres({ folders: [folder], mayInstall: false })).rejects.toThrow(
    /^postgres was not found: install PostgreSQL [^\n]*apt-get install postgresql[^\n]*$/,
  );
});
