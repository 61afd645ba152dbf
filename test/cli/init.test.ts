import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settingFields } from '../../src/config/fields.ts';
import { publishSettings } from '../../src/config/publish.ts';
import { failure, run } from '../support/cli.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-init-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const init = (...args: string[]) => run(['init', ...args], { cwd: folder });

it('writes every setting at its default, readable to all, and nothing else', async () => {
  const file = join(folder, 'panel-sidecar.yaml');
  expect(await init()).toEqual({
    code: 0,
    stdout: `Wrote ${file}: every setting at its default. Start with --config panel-sidecar.yaml to have it read.\n`,
    stderr: '',
  });
  expect(readFileSync(file, 'utf8')).toBe(publishSettings());
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(readdirSync(folder)).toEqual(['panel-sidecar.yaml']);
  const content = parse(readFileSync(file, 'utf8'));
  expect(settingFields.map(({ section, name }) => content[section][name])).toEqual(
    settingFields.map((field) => field.default),
  );
});

it('never replaces a file unless told to', async () => {
  const file = join(folder, 'mine.yaml');
  writeFileSync(file, 'mine');
  expect(await init('mine.yaml')).toEqual(failure(`${file} exists already: --force replaces it`));
  expect(readFileSync(file, 'utf8')).toBe('mine');

  expect((await init('--force', 'mine.yaml')).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(publishSettings());
  expect(readdirSync(folder)).toEqual(['mine.yaml']);
});

it('says so where it cannot write', async () => {
  const file = join(folder, 'absent', 'x.yaml');
  expect(await init('absent/x.yaml')).toEqual(failure(`cannot write ${file}: its folder does not exist`));
  expect(await init('--force', folder)).toEqual(failure(`cannot write ${folder}: EISDIR`));
});
