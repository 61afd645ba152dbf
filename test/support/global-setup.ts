import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { OperatorError } from '../../src/operator-error.ts';
import { type MariadbAddress, MariadbServer } from './mariadb-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The MariaDB that all test files share; each makes databases of its own on it. */
    mariadb: MariadbAddress;
  }
}

/** Starts the shared MariaDB before the first test file, and ends it after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startOrExplain();
  project.provide('mariadb', server.address);
  return () => server.stop();
}

async function startOrExplain(): Promise<MariadbServer> {
  try {
    return await MariadbServer.start();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    // What is missing is said in one line, which the test runner's stack trace would bury.
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
