import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { OperatorError } from '../../src/operator-error.ts';
import { MariadbServer } from './mariadb-server.ts';
import { MysqlServer } from './mysql-server.ts';
import { PostgresServer } from './postgres-server.ts';
import type { PrivateServer } from './private-server.ts';
import type { ServerAddress } from './test-database.ts';

declare module 'vitest' {
  /** The servers that all test files share; each makes databases of its own on them. */
  export interface ProvidedContext {
    mariadb: ServerAddress;
    postgres: ServerAddress;
    /** In a run of MySQL's cells, which has no other. */
    mysql: ServerAddress;
  }
}

type SharedServer = PrivateServer & { readonly address: ServerAddress };

/** Starts the shared servers side by side before the first test file, and ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const starting: { [Name in 'mariadb' | 'postgres' | 'mysql']?: Promise<SharedServer> } =
    project.config.env?.TEST_DATABASE === 'mysql'
      ? { mysql: MysqlServer.start() }
      : { mariadb: MariadbServer.start(), postgres: PostgresServer.start() };
  const servers = await Promise.all(
    (['mariadb', 'postgres', 'mysql'] as const).flatMap((name) => {
      const server = starting[name];
      return server === undefined ? [] : [orExplain(server).then((started) => ({ name, started }))];
    }),
  );
  for (const { name, started } of servers) project.provide(name, started.address);
  return async () => {
    await Promise.all(servers.map(({ started }) => started.stop()));
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
