import { defineConfig } from 'vitest/config';
import { mysqlCells, ofMysqlCell } from './test/support/cells.ts';
import { MatrixReporter } from './test/support/matrix-reporter.ts';
import SummaryReporter from './test/support/summary-reporter.ts';

const matrix = new MatrixReporter(new URL('docs/matrix.md', import.meta.url), mysqlCells, ofMysqlCell);

/** The tests of the panels on MySQL, of all the tests that there are. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testNamePattern: ofMysqlCell,
    globalSetup: ['test/support/global-setup.ts'],
    env: { TEST_DATABASE: 'mysql' },
    reporters: [
      'default',
      matrix,
      new SummaryReporter({ othersFailures: () => matrix.gaps.length, only: ofMysqlCell }),
    ],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
