import { expect, test } from 'vitest';
import { usualCells as cells, mysqlCells } from './cells.ts';
import { gapsOf, renderMatrix, type TestResult } from './matrix.ts';

/** A file of each column, in their order. */
const files = [
  'test/cli/serve.test.ts',
  'test/recorded/pelican.test.ts',
  'test/api-keys/races.test.ts',
  'test/audit/activity-rows.test.ts',
  'test/auth/bearer.test.ts',
  'test/life/rotate.test.ts',
  'test/scopes/key-life.test.ts',
  'test/claims/life.test.ts',
  'test/webhooks/delivery.test.ts',
  'test/drills/kill.test.ts',
  'test/cli/doctor.test.ts',
  'test/cli/cells.test.ts',
  'test/database/cells.test.ts',
];

const complete: readonly TestResult[] = cells.flatMap((cell) =>
  files.map((file) => ({ file, suites: ['about something', `beside ${cell}`], passed: true })),
);

const rowOf = (results: readonly TestResult[], name: string) =>
  renderMatrix(results, cells, '')
    .split('\n')
    .find((line) => line.startsWith(`| ${name} |`));

test('a cell without a test in a column is a gap, and so is a file of a cell that is in no column', () => {
  expect(gapsOf(complete, cells)).toEqual([]);
  expect(
    gapsOf(
      complete.filter(({ file }) => file !== 'test/audit/activity-rows.test.ts'),
      cells,
    ),
  ).toEqual(cells.map((cell) => `${cell} has no test in the column "Audit"`));
  const without = complete.filter(
    ({ file, suites }) =>
      file !== 'test/cli/doctor.test.ts' || !suites.includes('beside pelican on postgres'),
  );
  expect(gapsOf(without, cells)).toEqual(['pelican on postgres has no test in the column "doctor"']);
  const stray = { file: 'test/new/x.test.ts', suites: ['pelican on sqlite'], passed: true };
  expect(gapsOf([...complete, stray], cells)).toEqual([
    'test/new/x.test.ts is in no column of test/support/matrix.ts',
  ]);
});

test('what names no cell, or tests the tests, counts for nothing', () => {
  const others = [
    { file: 'test/new/x.test.ts', suites: ['pelican'], passed: false },
    { file: 'test/support/panel-database.test.ts', suites: ['pelican on sqlite'], passed: false },
    { file: 'test/audit/activity-rows.test.ts', suites: ['pterodactyl on sqlite'], passed: false },
  ];
  expect(gapsOf([...complete, ...others], cells)).toEqual([]);
  expect(renderMatrix([...complete, ...others], cells, '')).toBe(renderMatrix(complete, cells, ''));
});

test('the table tells what passed, what failed and what is not known', () => {
  const failed = { file: 'test/auth/bearer.test.ts', suites: ['pelican on sqlite'], passed: false };
  const results = [...complete, failed];
  expect(rowOf(results, 'Pterodactyl on MariaDB')).toBe(
    `| Pterodactyl on MariaDB |${' pass (1) |'.repeat(files.length)}`,
  );
  expect(rowOf(results, 'Pelican on SQLite')).toBe(
    `| Pelican on SQLite |${' pass (1) |'.repeat(4)} **fail** (1 of 2) |${' pass (1) |'.repeat(files.length - 5)}`,
  );
  expect(rowOf(results, 'Pelican on MySQL')).toBe(`| Pelican on MySQL |${' – |'.repeat(files.length)}`);
  expect(rowOf([], 'Pelican on PostgreSQL')).toBe(`| Pelican on PostgreSQL |${' – |'.repeat(files.length)}`);
});

test('rows of cells that are not of the run stay as they are, while the columns are the same', () => {
  const onMysql = mysqlCells.flatMap((cell) =>
    files.map((file) => ({ file, suites: [`beside ${cell}`], passed: true })),
  );
  const both = renderMatrix(onMysql, mysqlCells, renderMatrix(complete, cells, ''));
  expect(both.match(/ pass \(1\) \|/g)).toHaveLength((cells.length + mysqlCells.length) * files.length);
  expect(renderMatrix(complete, cells, both)).toBe(both);
  const before = renderMatrix(complete, cells, both.replaceAll('Audit', 'Older'));
  expect(before).toContain(`| Pelican on MySQL |${' – |'.repeat(files.length)}`);
});
