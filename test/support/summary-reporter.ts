import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/** What a summary takes into account. */
export interface SummaryOptions {
  /** How much reporters before this one have found wrong; each counts as a failure. */
  readonly othersFailures?: () => number;
  /** Fits the names of the tests of a whole run: others are not even skipped. */
  readonly only?: RegExp | undefined;
}

type Counts = { passed: number; failed: number; skipped: number };

/**
 * Prints `N passed, N failed` alone on the last line of a run, for people and for scripts that read it. A file
 * that cannot be loaded, a hook that throws and an error outside any test count as a failure each. Skipped tests
 * are told on the line before; where the variable CI is set they count as failures, as there everything must have
 * been tried.
 */
export default class SummaryReporter implements Reporter {
  readonly #othersFailures: () => number;
  readonly #only: RegExp | undefined;
  #vitest: Vitest | undefined;

  constructor({ othersFailures = () => 0, only }: SummaryOptions = {}) {
    this.#othersFailures = othersFailures;
    this.#only = only;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = countResults(modules, this.#only);
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

function countResults(modules: readonly TestModule[], only = /(?:)/): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'skipped' && !only.test(test.fullName)) continue;
      // A test that never came to its end did not pass.
      counts[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  return counts;
}
