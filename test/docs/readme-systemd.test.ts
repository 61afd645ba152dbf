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

test("systemd's own check accepts it", () => {
  const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-systemd-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'panel-sidecar.service');
  // The check looks whether the program is there.
  writeFileSync(file, unit.replace('/usr/bin/panel-sidecar', binary));
  const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
    encoding: 'utf8',
  });
  // Not every system has systemd; the tests above hold everywhere.
  if (error !== undefined) {
    expect(error).toMatchObject({ code: 'ENOENT' });
    return;
  }
  expect(stderr.split('\n').filter((line) => line.includes('panel-sidecar'))).toEqual([]);
  expect(status).toBe(0);
});
