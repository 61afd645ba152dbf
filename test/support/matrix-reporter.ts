import { readFileSync, writeFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestRunEndReason,
  TestSpecification,
  Vitest,
} from 'vitest/node';
import type { Cell } from './cells.ts';
import { gapsOf, renderMatrix, type TestResult } from './matrix.ts';

/**
 * Writes the results of a run, by panel and database, to `docs/matrix.md`. A run of some of the tests, or one that
 * was broken off, leaves the page alone.
 */
export class MatrixReporter implements Reporter {
  readonly #page: URL;
  readonly #cells: readonly Cell[];
  readonly #only: RegExp | undefined;
  #vitest: Vitest | undefined;
  #isWhole = false;
  #gaps: readonly string[] = [];

  /**
   * @param page the file to write
   * @param cells those whose rows this run writes
   * @param only fits the names of the tests of a whole run; absent for all
   */
  constructor(page: URL, cells: readonly Cell[], only?: RegExp) {
    this.#page = page;
    this.#cells = cells;
    this.#only = only;
  }

  /** What the page does not tell although it should, once the run has ended. */
  get gaps(): readonly string[] {
    return this.#gaps;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    const all = (await this.#vitest?.globTestSpecifications()) ?? [];
    this.#isWhole =
      specifications.length === all.length &&
      String(this.#vitest?.config.testNamePattern) === String(this.#only);
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    _unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    if (!this.#isWhole || reason === 'interrupted') return;
    const results = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => toResult(test, module, this.#vitest?.config.root ?? '')),
    );
    this.#gaps = gapsOf(results, this.#cells);
    for (const gap of this.#gaps) this.#tell(`the matrix has a gap: ${gap}`);
    const previous = readIfThere(this.#page);
    const text = renderMatrix(results, this.#cells, previous);
    if (text === previous) return;
    writeFileSync(this.#page, text);
    this.#tell('docs/matrix.md has changed');
  }

  #tell(line: string): void {
    this.#vitest?.logger.log(line);
  }
}

function toResult(test: TestCase, module: TestModule, root: string): TestResult {
  const suites: string[] = [];
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) suites.push(parent.name);
  const file = relative(root, module.moduleId).split(sep).join('/');
  return { file, suites, passed: test.result().state === 'passed' };
}

function readIfThere(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
