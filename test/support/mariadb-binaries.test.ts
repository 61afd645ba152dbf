import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OperatorError } from '../../src/operator-error.ts';
import { findMariadb } from './mariadb-binaries.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-programs-'));
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

const installs = `
echo "$DEBIAN_FRONTEND $*" >> "$(dirname "$0")/calls"
if [ "$1" = install ]; then
  cp "$0" "$(dirname "$0")/mariadbd"
  cp "$0" "$(dirname "$0")/mariadb-install-db"
fi`;

const adviceLine =
  /^mariadbd was not found: install MariaDB's server [^\n]*apt-get install mariadb-server[^\n]*$/;

test('finds the programs in the first folder that has them', async () => {
  program('mariadbd', '');
  program('mariadb-install-db', '');

  expect(await findMariadb({ folders: ['/nowhere', folder, '/usr/sbin'], mayInstall: true })).toEqual({
    server: join(folder, 'mariadbd'),
    installDb: join(folder, 'mariadb-install-db'),
  });
});

test('installs the package, after bringing the list of packages up to date', async () => {
  program('apt-get', installs);

  expect((await findMariadb({ folders: [folder], mayInstall: true })).server).toBe(join(folder, 'mariadbd'));
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe(
    'noninteractive update\nnoninteractive install --yes --no-install-recommends mariadb-server\n',
  );
});

test('says in one line what to install, and touches nothing, where it may not install', async () => {
  program('apt-get', installs);

  const failure = await findMariadb({ folders: [folder], mayInstall: false }).catch(
    (error: unknown) => error,
  );

  expect(failure).toBeInstanceOf(OperatorError);
  expect((failure as OperatorError).message).toMatch(adviceLine);
  expect(existsSync(join(folder, 'calls'))).toBe(false);
});

test('says in one line what to install where there is no apt-get', async () => {
  await expect(findMariadb({ folders: [folder], mayInstall: true })).rejects.toThrow(adviceLine);
});

test('gives the reason where the installation fails', async () => {
  program('apt-get', 'echo "E: first" >&2; echo "E: no network" >&2; exit 100');

  await expect(findMariadb({ folders: [folder], mayInstall: true })).rejects.toThrow(
    /^mariadbd was not found: [^\n]*: E: no network$/,
  );
});
