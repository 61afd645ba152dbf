import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

/**
 * Prints `N passed, N failed` alone on the last line of a run, for people and for scripts that read it. A file
 * that cannot be loaded, a hook that throws and an error outside any test count as a failure each. Skipped tests
 * are told on the line before; where the variable CI is set they count as failures, as there everything must have
 * been tried.
 */
export default class SummaryReporter implements Reporter {
  readonly #othersFailures: () => number;
  #vitest: Vitest | undefined;

  /** @param othersFailures how much reporters before this one have found wrong; each counts as a failure */
  constructor({ othersFailures = () => 0 }: { readonly othersFailures?: () => number } = {}) {
    this.#othersFailures = othersFailures;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = countResults(modules);
    counts.failed += unhandledErrors.length + this.#othersFailures();
    if (counts.skipped > 0) this.#tell(skippedLine(counts));
    if (process.env.CI) counts.failed += counts.skipped;
    this.#tell(`${counts.passed} passed, ${counts.failed} failed`);
    if (counts.failed > 0) process.exitCode = 1;
  }

  #tell(line: string): void {
    this.#vitest?.logger.log(line);
  }
}

function skippedLine({ skipped }: Counts): string {
  return `${skipped} skipped${process.env.CI ? ', which counts as failed where CI is set' : ''}`;
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
