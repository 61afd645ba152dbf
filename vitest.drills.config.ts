import { defineConfig } from 'vitest/config';
import { onlyTests } from './test/support/cells.ts';
import SummaryReporter from './test/support/summary-reporter.ts';

/** The drills alone, at full size and one after the other, as their figures are of the whole machine. */
export default defineConfig({
  test: {
    // A `.drill.ts` is statistics, which mean something at full size only.
    include: ['test/drills/**/*.{test,drill}.ts'],
    ...(onlyTests === undefined ? {} : { testNamePattern: onlyTests }),
    globalSetup: ['test/support/global-setup.ts'],
    env: { DRILL_SIZE: 'full' },
    reporters: ['default', new SummaryReporter({ only: onlyTests })],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
