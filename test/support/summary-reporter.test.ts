import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const reporter = fileURLToPath(new URL('./summary-reporter.ts', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-summary-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs test files, given as texts, under the reporter; without the variables of the run that this is part of. */
function report(files: Record<string, string>, env: Record<string, string> = {}) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return run(['run', '--root', folder, '--globals', '--reporter', reporter], env);
}

function run(options: readonly string[], env: Record<string, string>) {
  const { status, stdout } = spawnSync(process.execPath, [vitest, ...options], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

const passing = `test('a', () => {}); describe('in a suite', () => { test('b', () => {}); });`;
const skipping = `test('a', () => {}); test.skip('b', () => {});`;

test('prints what passed, alone on a line', () => {
  expect(report({ 'a.test.ts': passing })).toEqual({ status: 0, lines: ['2 passed, 0 failed'] });
});

test('counts tests, files that do not load, hooks that throw and stray errors as failures', () => {
  const { status, lines } = report({
    'a.test.ts': passing,
    'b.test.ts': `test('a', () => { throw new Error('test'); });`,
    'c.test.ts': `throw new Error('load');`,
    'd.test.ts': `describe('s', () => { afterAll(() => { throw new Error('hook'); }); test('a', () => {}); });`,
    'e.test.ts': `test('a', () => { Promise.reject(new Error('stray')); });`,
  });

  expect(lines).toEqual(['4 passed, 4 failed']);
  expect(status).toBe(1);
});

test('tells of skipped tests before that line, and counts them as failed where CI is set', () => {
  const files = { 'a.test.ts': skipping };

  expect(report(files)).toEqual({ status: 0, lines: ['1 skipped', '1 passed, 0 failed'] });
  expect(report(files, { CI: 'true' })).toEqual({
    status: 1,
    lines: ['1 skipped, which counts as failed where CI is set', '1 passed, 1 failed'],
  });
});

test('of a run of some tests by their names, the others are not even skipped', () => {
  const config = `
    import SummaryReporter from ${JSON.stringify(reporter)};
    const only = /of some/;
    export default { test: { globals: true, testNamePattern: only, reporters: [new SummaryReporter({ only })] } };`;
  const text = `test('a', () => {}); describe('of some', () => { test('b', () => {}); test.skip('c', () => {}); });`;
  writeFileSync(join(folder, 'vitest.config.ts'), config);
  writeFileSync(join(folder, 'a.test.ts'), text);

  expect(run(['run', '--root', folder], { CI: 'true' })).toEqual({
    status: 1,
    lines: ['1 skipped, which counts as failed where CI is set', '1 passed, 1 failed'],
  });
});
