import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findMysql } from './mysql-binaries.ts';

let folder: string;
let cache: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-programs-'));
  cache = join(folder, 'cache', 'mysql');
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

/** An apt that knows a mirror and, told where to, brings two packages. */
const brings = (mirrors: string) => `
[ "$1" = indextargets ] && { ${mirrors}; exit; }
for option; do case "$option" in Dir::Cache::archives=*) archives=\${option#*=};; *sourcelist=*) list=\${option#*=};; esac; done
cat "$list" >> "$(dirname "$0")/sources"
for option; do [ "$option" = install ] && { touch "$archives/a.deb" "$archives/b.deb"; echo "$*" > "$(dirname "$0")/install"; }; done
exit 0`;
const debian =
  'echo "Other main http://mirror.test/debian/"; echo "Debian main http://mirror.test/a/debian/"';

/** Unpacks one file of the two that the server needs from each. */
const unpacks = `
case "$2" in
  *a.deb) mkdir -p "$3/usr/sbin"; touch "$3/usr/sbin/mysqld";;
  *b.deb) mkdir -p "$3/usr/lib/some-linux-gnu"; touch "$3/usr/lib/some-linux-gnu/ld-linux-some.so.2";;
esac`;

const fetched = () => ({
  server: join(cache, 'usr/lib/some-linux-gnu/ld-linux-some.so.2'),
  args: ['--library-path', join(cache, 'usr/lib/some-linux-gnu'), join(cache, 'usr/sbin/mysqld')],
  options: [`--basedir=${join(cache, 'usr')}`],
});

test('takes the server that is installed', async () => {
  program('mysqld', 'echo "mysqld  Ver 8.4.0 for Linux on x86_64 (MySQL Community Server - GPL)"');

  expect(await findMysql({ folders: ['/nowhere', folder], cache })).toEqual({
    ...{ server: join(folder, 'mysqld'), args: [], options: [] },
  });
});

test('does not take MariaDB for it, but unpacks the package with all it needs, once', async () => {
  program('mysqld', 'echo "mysqld  Ver 10.11.14-MariaDB for debian-linux-gnu on x86_64"');
  program('apt-get', brings(debian));
  program('dpkg-deb', unpacks);

  expect(await findMysql({ folders: [folder], cache })).toEqual(fetched());
  const source =
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.test/a/debian/ sid main';
  expect(readFileSync(join(folder, 'sources'), 'utf8')).toBe(`${source}\n`.repeat(2));
  const call = readFileSync(join(folder, 'install'), 'utf8');
  expect(call).toContain(`Dir::State::status=${cache}`);
  expect(call.trimEnd()).toMatch(/ install --download-only --no-install-recommends --yes mysql-server-core$/);

  rmSync(join(folder, 'apt-get'));
  expect(await findMysql({ folders: [folder], cache })).toEqual(fetched());
});

test('leaves nothing behind where fetching fails, and says in one line why and what to install', async () => {
  program(
    'apt-get',
    `${brings(debian)}`.replace('exit 0', 'echo "E: first" >&2; echo "E: no network" >&2; exit 100'),
  );
  program('dpkg-deb', unpacks);
  await expect(findMysql({ folders: [folder], cache })).rejects.toThrow(
    /^mysqld was not found: install MySQL's server [^\n]*: E: no network$/,
  );
  program('apt-get', brings('true'));
  await expect(findMysql({ folders: [folder], cache })).rejects.toThrow(/: apt knows no mirror of Debian$/);
  mkdirSync(join(folder, 'empty'));
  await expect(findMysql({ folders: [join(folder, 'empty')], cache })).rejects.toThrow(
    /^mysqld was not found: install MySQL's server \(not MariaDB's\) and try again$/,
  );
  expect(existsSync(cache)).toBe(false);
});
