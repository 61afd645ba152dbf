import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

/**
 * Prints `N passed, N failed` alone on a line at the end of a run, for people and for scripts that read it.
 * A file that cannot be loaded, a hook that throws and an error outside any test count as a failure each.
 * Where the variable CI is set, a skipped test makes the run fail: there everything must have been tried.
 */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = countResults(modules);
    counts.failed += unhandledErrors.length;
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    this.#vitest?.logger.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    if (counts.failed > 0) process.exitCode = 1;
    if (counts.skipped > 0 && process.env.CI) {
      this.#vitest?.logger.log('The run fails because tests were skipped, which CI does not allow.');
      process.exitCode = 1;
    }
  }
}

function countResults(modules: readonly TestModule[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that never came to its end did not pass.
      counts[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  return counts;
}
