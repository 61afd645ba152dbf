import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encrypter } from '../src/panel/encrypter.ts';
import { parseAppKey } from '../src/panel/env/app-key.ts';
import { serializePhpString } from '../src/panel/php-string.ts';
import { type MariadbAddress, MariadbServer } from '../test/support/mariadb-server.ts';
import { createPanelDatabase, TEST_APP_KEY } from '../test/support/panel-database.ts';
import { type RunningService, startService } from '../test/support/service.ts';
import { seedBenchState } from './seed.ts';

/** A panel on a MariaDB of its own, ready to be measured. */
export interface Setting {
  readonly mariadb: MariadbAddress;
  readonly databaseName: string;
  /** The panel. */
  readonly folder: string;
  /** Name and version of the database, for people. */
  readonly databaseVersion: string;
  /** A folder for files of the run. */
  readonly scratch: string;
  /** Starts the service beside the panel, as an operator does. */
  startService(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  stop(): Promise<void>;
}

/** Starts a private MariaDB and fills a panel's tables. @throws OperatorError where MariaDB is missing */
export async function createSetting(): Promise<Setting> {
  const server = await MariadbServer.start();
  const panel = await createPanelDatabase('pterodactyl', 'mariadb', server.address);
  const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);
  await panel.reset((db) => seedBenchState(db, (secret) => encrypter.encrypt(serializePhpString(secret))));
  await panel.execute('analyze table allocations, api_keys, users, nodes');
  const [facts] = await panel.query('select database() as name, version() as version');
  const scratch = mkdtempSync(join(tmpdir(), 'panel-sidecar-bench-'));
  return {
    mariadb: server.address,
    folder: panel.folder,
    databaseName: String(facts?.name),
    databaseVersion: `MariaDB ${facts?.version}`,
    scratch,
    // All load is one user's: the panel's limit of requests a minute would answer most of it.
    startService: (env = {}) =>
      startService(panel.folder, { env: { APP_API_APPLICATION_RATELIMIT: '1000000000', ...env } }),
    async stop() {
      await panel.drop();
      await server.stop();
      rmSync(scratch, { recursive: true });
    },
  };
}
