import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { OperatorError } from '../../src/operator-error.ts';
import { type MariadbAddress, MariadbServer } from './mariadb-server.ts';
import { type PostgresAddress, PostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The MariaDB that all test files share; each makes databases of its own on it. */
    mariadb: MariadbAddress;
    /** The PostgreSQL that all test files share; each makes databases of its own on it. */
    postgres: PostgresAddress;
  }
}

/** Starts the shared servers side by side before the first test file, and ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [mariadb, postgres] = await Promise.all([
    orExplain(MariadbServer.start()),
    orExplain(PostgresServer.start()),
  ]);
  project.provide('mariadb', mariadb.address);
  project.provide('postgres', postgres.address);
  return async () => {
    await Promise.all([mariadb.stop(), postgres.stop()]);
  };
}

async function orExplain<Server>(starting: Promise<Server>): Promise<Server> {
  try {
    return await starting;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    // What is missing is said in one line, which the test runner's stack trace would bury.
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
