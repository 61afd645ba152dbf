import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { codeBlocks, readDocument, sectionOf } from './markdown.ts';

const blocks = codeBlocks(sectionOf(readDocument('README.md'), 'systemd'));
const unit = blocks.find(({ language }) => language === 'ini')?.text ?? '';
const binary = fileURLToPath(new URL('../../bin/panel-sidecar', import.meta.url));

/** The unit's directives, in order; every line that is neither one, a section nor a comment as it is. */
function directives(): readonly (readonly [string, string] | string)[] {
  return unit
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !/^\[(?:Unit|Service|Install)\]$/.test(line))
    .map((line) => {
      const [, name, value] = /^([A-Z][A-Za-z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? line : ([name, value] as const);
    });
}

test('every line is a directive, and none is given twice by mistake', () => {
  const names = directives().map((directive) => (typeof directive === 'string' ? directive : directive[0]));
  expect(directives().filter((directive) => typeof directive === 'string')).toEqual([]);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  expect(repeated).toEqual(['SystemCallFilter']);
});

test('the service runs as its own user, confined, but may compile JavaScript', () => {
  expect(directives()).toEqual(
    expect.arrayContaining([
      ['User', 'panel-sidecar'],
      ['SupplementaryGroups', 'www-data'],
      ['NoNewPrivileges', 'yes'],
      ['CapabilityBoundingSet', ''],
      ['ProtectSystem', 'strict'],
      ['ProcSubset', 'pid'],
      ['PrivateTmp', 'yes'],
      ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
      ['MemoryDenyWriteExecute', 'no'],
    ]),
  );
});

test('the command that it starts is one that the program takes', () => {
  const [, line = ''] = directives().find(([name]) => name === 'ExecStart') ?? [];
  const [program, ...args] = line.split(' ');
  expect(program).toBe('/usr/bin/panel-sidecar');
  const serve = createProgram().commands.find((command) => command.name() === 'serve');
  serve?.action(() => undefined);
  expect(serve?.parseOptions(args.slice(1))).toEqual({ operands: [], unknown: [] });
  expect(args[0]).toBe('serve');
});

/** What `systemd-analyze` says of the unit; null where there is none: not every system has systemd. */
function analyze(...args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-systemd-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'panel-sidecar.service');
  // The check looks whether the program is there.
  writeFileSync(file, unit.replace('/usr/bin/panel-sidecar', binary));
  const { error, status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], {
    encoding: 'utf8',
  });
  if (error === undefined) return { status, stdout, stderr };
  expect(error).toMatchObject({ code: 'ENOENT' });
  return null;
}

test("systemd's own check accepts it", () => {
  const found = analyze('verify', '--man=no');
  if (found === null) return;
  expect(found.stderr.split('\n').filter((line) => line.includes('panel-sidecar'))).toEqual([]);
  expect(found.status).toBe(0);
});

test('what it leaves open is as little as SECURITY.md says', () => {
  const rated = /rates it (\d)\.(\d) of 10/.exec(readDocument('SECURITY.md').replaceAll(/\s+/g, ' '));
  const tenths = Number(`${rated?.[1]}${rated?.[2]}`);
  expect(tenths).toBe(14);
  const found = analyze('security', '--offline=true', '--no-pager', `--threshold=${tenths}`);
  if (found === null) return;
  expect([found.status, found.stderr]).toEqual([0, '']);
});

test('it stands in one place', () => {
  for (const name of ['SECURITY.md', 'docs/pelican.md', 'docs/scopes.md', 'docs/ports.md', 'docs/keys.md']) {
    expect([name, readDocument(name).includes('[Service]')]).toEqual([name, false]);
  }
});
