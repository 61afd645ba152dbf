import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/database/sqlite.ts';

const limits = { timeoutMs: 200, poolSize: 1 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-sqlite-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  'plain.sqlite',
  'with space',
  '100%',
  'a%20b',
  'what?mode=memory',
  'a#b',
  'Käse 鍵',
  "it's",
  'a&b=c',
  'back\\slash',
])('a file called "%s" is opened by exactly that name', async (name) => {
  const file = join(folder, name);
  const made = new DatabaseSync(file);
  made.exec('create table users (id integer primary key)');
  made.close();

  const database = openSqlite(file, '', limits, ['users']);
  expect([...(await database.columns()).keys()]).toEqual(['users']);
  await database.close();
});

it('a missing file is refused, not made', () => {
  const file = join(folder, 'missing.sqlite');
  expect(() => openSqlite(file, '', limits, [])).toThrow(
    `cannot open the panel's SQLite file ${file}: unable to open database file`,
  );
  expect(() => new DatabaseSync(file, { readOnly: true })).toThrow();
});

it('a folder in place of a file is refused', () => {
  const file = join(folder, 'folder');
  mkdirSync(file);
  expect(() => openSqlite(file, '', limits, [])).toThrow(/^cannot open the panel's SQLite file /);
});

describe('a user other than root', () => {
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null;
  const module = new URL('../../src/database/sqlite.ts', import.meta.url).href;
  const script = (file: string) => `
    import { openSqlite } from '${module}';
    try {
      openSqlite(${JSON.stringify(file)}, '', { timeoutMs: 200, poolSize: 1 }, []);
      console.log('opened');
    } catch (error) {
      console.log(error.message);
    }`;

  function openedAsUser(fileMode: number, folderMode: number): string {
    const file = join(folder, 'database.sqlite');
    new DatabaseSync(file).exec('create table users (id integer primary key)');
    if (nobody) for (const path of [file, folder]) chownSync(path, nobody.uid, nobody.gid);
    chmodSync(file, fileMode);
    chmodSync(folder, folderMode);
    const args = ['--input-type=module', '--eval', script(file)];
    const { stdout } = spawnSync(process.execPath, args, { ...nobody, encoding: 'utf8' });
    chmodSync(folder, 0o700);
    return stdout.replaceAll(folder, '<folder>').trim();
  }

  const advice = "both the panel's SQLite file and its folder must be writable (docs/pelican.md)";

  it.each([
    [0o600, 0o700, 'opened'],
    [0o400, 0o700, `this user may not write <folder>/database.sqlite: ${advice}`],
    [0o600, 0o500, `this user may not write <folder>: ${advice}`],
    [
      0o000,
      0o700,
      "cannot open the panel's SQLite file <folder>/database.sqlite: unable to open database file",
    ],
  ])('with modes %o of the file and %o of its folder', (fileMode, folderMode, outcome) => {
    expect(openedAsUser(fileMode, folderMode)).toBe(outcome);
  });
});
