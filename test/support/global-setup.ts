import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { OperatorError } from '../../src/operator-error.ts';
import { cells } from './cells.ts';
import { startServer } from './database-server.ts';
import type { ServerAddress } from './test-database.ts';

declare module 'vitest' {
  /** The servers that all test files share, those of the run's cells; each file makes databases of its own on them. */
  export interface ProvidedContext {
    mariadb: ServerAddress;
    postgres: ServerAddress;
    mysql: ServerAddress;
  }
}

/** Starts the servers of this run's cells side by side before the first test file, and ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const names = new Set(cells.flatMap(({ on }) => (on === 'sqlite' ? [] : [on])));
  const servers = await Promise.all(
    Array.from(names, async (name) => ({ name, server: await orExplain(startServer(name)) })),
  );
  for (const { name, server } of servers) project.provide(name, server.address);
  return async () => {
    await Promise.all(servers.map(({ server }) => server.stop()));
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
