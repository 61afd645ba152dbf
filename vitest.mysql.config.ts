import { defineConfig } from 'vitest/config';
import SummaryReporter from './test/support/summary-reporter.ts';

/** The tests of a panel on MySQL itself: those of a cell, and no others. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testNamePattern: /\bon mysql\b/,
    globalSetup: ['test/support/global-setup.ts'],
    env: { TEST_DATABASE: 'mysql' },
    reporters: ['default', new SummaryReporter()],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
