import { defineConfig } from 'vitest/config';
import { cells, onlyTests } from './test/support/cells.ts';
import { MatrixReporter } from './test/support/matrix-reporter.ts';
import SummaryReporter from './test/support/summary-reporter.ts';

const matrix = new MatrixReporter(new URL('docs/matrix.md', import.meta.url), cells, onlyTests);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    ...(onlyTests === undefined ? {} : { testNamePattern: onlyTests }),
    globalSetup: ['test/support/global-setup.ts'],
    reporters: [
      'default',
      matrix,
      new SummaryReporter({ othersFailures: () => matrix.gaps.length, only: onlyTests }),
    ],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
