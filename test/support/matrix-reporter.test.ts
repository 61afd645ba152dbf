import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-matrix-'));
  mkdirSync(join(folder, 'test', 'audit'), { recursive: true });
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { usualCells } from ${JSON.stringify(here('./cells.ts'))};
     import { MatrixReporter } from ${JSON.stringify(here('./matrix-reporter.ts'))};
     import SummaryReporter from ${JSON.stringify(here('./summary-reporter.ts'))};
     const matrix = new MatrixReporter(new URL('matrix.md', import.meta.url), usualCells);
     const summary = new SummaryReporter({ othersFailures: () => matrix.gaps.length });
     export default { test: { globals: true, reporters: [matrix, summary] } };`,
  );
  const suite = (title: string) =>
    `describe('${title}', () => { test('x', () => {}); test('y', () => {}); });`;
  writeFileSync(join(folder, 'test', 'audit', 'a.test.ts'), suite('pelican on sqlite'));
  writeFileSync(join(folder, 'test', 'audit', 'b.test.ts'), suite('on pelican on postgres'));
  writeFileSync(join(folder, 'matrix.md'), 'as it was');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs those tests, without the variables of the run that this is part of. */
function run(...args: string[]) {
  const vitest = here('../../node_modules/vitest/vitest.mjs');
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', folder, ...args], {
    ...{ cwd: folder, env: { PATH: process.env.PATH }, encoding: 'utf8' },
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines, page: readFileSync(join(folder, 'matrix.md'), 'utf8') };
}

test('a whole run writes the page, tells of gaps, and counts them as failures', () => {
  const { status, lines, page } = run();
  expect(page).toMatch(/^\| Pelican on SQLite \|.* pass \(2\) \|/m);
  expect(page).toMatch(/^\| Pelican on PostgreSQL \|.* pass \(2\) \|/m);
  expect(lines).toContain('the matrix has a gap: pelican on mariadb has no test in the column "Audit"');
  // MySQL's cells are another run's.
  const gaps = page.replaceAll(/^.*on MySQL.*$/gm, '').match(/ – /g) ?? [];
  expect(gaps.length).toBeGreaterThan(20);
  expect(lines.at(-1)).toBe(`4 passed, ${gaps.length} failed`);
  expect(status).toBe(1);
});

test.each([[['-t', 'x']], [['a.test.ts']]])('a run with %j leaves the page alone', (args) => {
  const { status, lines, page } = run(...args);
  expect(page).toBe('as it was');
  expect(lines.at(-1)).toBe('2 passed, 0 failed');
  expect(status).toBe(0);
});
