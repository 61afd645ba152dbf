import type { DatabaseName } from './cells.ts';
import { MariadbServer } from './mariadb-server.ts';
import { MysqlServer } from './mysql-server.ts';
import { PostgresServer } from './postgres-server.ts';

/** A private server of any kind. */
export type DatabaseServer = MariadbServer | MysqlServer | PostgresServer;

const kinds: Readonly<Partial<Record<DatabaseName, { start(): Promise<DatabaseServer> }>>> = {
  mariadb: MariadbServer,
  mysql: MysqlServer,
  postgres: PostgresServer,
};

/** Starts a private server, for tests that stop it or change its settings. A file has none. */
export async function startServer(on: DatabaseName): Promise<DatabaseServer> {
  const kind = kinds[on];
  if (kind === undefined) throw new Error(`${on} has no server`);
  return kind.start();
}
