import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { Lockfile, Manifest } from '../../scripts/lockfile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-lockfile-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Mutable<Value> = { -readonly [Key in keyof Value]: Mutable<Value[Key]> };
type Files = { manifest: Mutable<Manifest>; lockfile: Mutable<Lockfile> };

/** What the check says, as continuous integration runs it. */
function check(where: string): { code: number | null; problems: string[] } {
  const script = join(root, 'scripts', 'check-lockfile.ts');
  const { status, stderr } = spawnSync(process.execPath, [script, where], { encoding: 'utf8' });
  return { code: status, problems: stderr.split('\n').filter(Boolean) };
}

function write({ manifest, lockfile }: Files): void {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockfile));
}

/** Replaces what a package says of itself. */
function install(name: string, manifest: object): void {
  const file = join(folder, 'node_modules', name, 'package.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(manifest));
}

let files: Files;
beforeEach(() => {
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(folder, name));
  files = {
    manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    lockfile: JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')),
  };
});

test('the lockfile of this checkout is in order, and so are its packages', () => {
  expect(check(root)).toEqual({ code: 0, problems: [] });
});

const broken: readonly [string, (files: Files) => void, string][] = [
  [
    'a range that was changed in package.json alone',
    ({ manifest }) => Object.assign(manifest.dependencies as object, { fastify: '^4.0.0' }),
    'dependencies is not that of package.json: run npm install',
  ],
  [
    'a development dependency that was taken out of package.json alone',
    ({ manifest }) => Reflect.deleteProperty(manifest.devDependencies as object, 'vitest'),
    'devDependencies is not that of package.json: run npm install',
  ],
  [
    'another version',
    ({ manifest }) => Object.assign(manifest, { version: '99.0.0' }),
    'version is not that of package.json: run npm install',
  ],
  [
    'a dependency that is not locked',
    ({ lockfile }) => Reflect.deleteProperty(lockfile.packages, 'node_modules/pg'),
    'pg is not locked: run npm install',
  ],
  [
    'a package without integrity',
    ({ lockfile }) => Reflect.deleteProperty(lockfile.packages['node_modules/pg'] ?? {}, 'integrity'),
    'node_modules/pg has no SHA-512 integrity',
  ],
  [
    'a package with a weak one',
    ({ lockfile }) =>
      Object.assign(lockfile.packages['node_modules/pg'] ?? {}, {
        integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
      }),
    'node_modules/pg has no SHA-512 integrity',
  ],
  [
    'a package from elsewhere',
    ({ lockfile }) =>
      Object.assign(lockfile.packages['node_modules/pg'] ?? {}, {
        resolved: 'https://packages.example.com/pg-8.0.0.tgz',
      }),
    'node_modules/pg is taken from https://packages.example.com/pg-8.0.0.tgz',
  ],
  [
    'a package that is a folder',
    ({ lockfile }) => Object.assign(lockfile.packages['node_modules/pg'] ?? {}, { link: true }),
    'node_modules/pg is a folder of this machine',
  ],
  [
    'a production package with an install script',
    ({ lockfile }) => Object.assign(lockfile.packages['node_modules/pg'] ?? {}, { hasInstallScript: true }),
    'node_modules/pg runs a script when installed',
  ],
  [
    'a lockfile of an older npm',
    ({ lockfile }) => Object.assign(lockfile, { lockfileVersion: 2 }),
    'lockfileVersion is 2, not 3',
  ],
];

test.each(broken)('%s is found', (_what, breakIt, problem) => {
  breakIt(files);
  write(files);
  expect(check(folder)).toEqual({ code: 1, problems: [`package-lock.json: ${problem}`] });
});

test('an install script that the lockfile does not tell of is found', () => {
  write(files);
  install('pg', { scripts: { postinstall: 'node build.js', test: 'node test.js' } });
  expect(check(folder)).toEqual({
    code: 1,
    problems: ['package-lock.json: node_modules/pg runs its postinstall script when installed'],
  });
});

test('one of a package for development only is let be, in the lockfile and in the package', () => {
  expect(files.lockfile.packages['node_modules/node']).toMatchObject({ dev: true, hasInstallScript: true });
  write(files);
  install('node', { scripts: { preinstall: 'node installArchSpecificPackage' } });
  expect(check(folder)).toEqual({ code: 0, problems: [] });
});

test('continuous integration runs the check', () => {
  expect(readFileSync(join(root, '.ci', 'run'), 'utf8')).toMatch(/^npx node scripts\/check-lockfile\.ts$/m);
});
