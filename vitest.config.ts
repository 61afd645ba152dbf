import { defineConfig } from 'vitest/config';
import { usualCells } from './test/support/cells.ts';
import { MatrixReporter } from './test/support/matrix-reporter.ts';
import SummaryReporter from './test/support/summary-reporter.ts';

const matrix = new MatrixReporter(new URL('docs/matrix.md', import.meta.url), usualCells);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', matrix, new SummaryReporter({ othersFailures: () => matrix.gaps.length })],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
