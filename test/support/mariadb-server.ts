import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { findMariadb, type MariadbBinaries } from './mariadb-binaries.ts';
import { dataFolderOptions, serverOptions } from './mariadb-options.ts';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import type { ServerAddress } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/** How to reach a private MariaDB as its administrator. */
export type MariadbAddress = ServerAddress & {
  /** Path of its socket. */
  readonly socket: string;
};

/**
 * A MariaDB of the tests' own: its data folder is temporary, it listens on a free port of 127.0.0.1 only, and
 * it ends with the process that started it, even if that is killed.
 */
export class MariadbServer extends PrivateServer {
  readonly address: MariadbAddress;
  readonly #binaries: MariadbBinaries;

  private constructor(binaries: MariadbBinaries, folder: string, port: number, watchdog: ChildProcess) {
    super(folder, watchdog);
    const socket = join(folder, 'server.sock');
    this.address = { host: '127.0.0.1', port, socket, rootUser: 'root', rootPassword: '' };
    this.#binaries = binaries;
  }

  /**
   * Makes a data folder and starts a server on it; takes about two seconds.
   *
   * @throws OperatorError where MariaDB is missing and cannot be installed
   * @throws Error with the end of the server's log where it does not come up
   */
  static async start(): Promise<MariadbServer> {
    const binaries = await findMariadb();
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-mariadb-'));
    const watchdog = startWatchdog(folder);
    try {
      const options = [...dataFolderOptions(folder), '--auth-root-authentication-method=normal'];
      await run(binaries.installDb, [...options, '--skip-test-db']);
      // Chosen as late as possible: nothing keeps a free port free until the server has it.
      const server = new MariadbServer(binaries, folder, await freePort(), watchdog);
      await server.start();
      return server;
    } catch (error) {
      watchdog.stdin?.end();
      throw error;
    }
  }

  protected override get program(): ServerProgram {
    const place = { folder: this.folder, socket: this.address.socket, port: this.address.port };
    return {
      name: 'MariaDB',
      path: this.#binaries.server,
      args: serverOptions(place),
      endSignal: 'SIGTERM',
    };
  }

  protected override async answers(): Promise<boolean> {
    const { host, port, rootUser: user, rootPassword: password } = this.address;
    try {
      const connection = await createConnection({ host, port, user, password, connectTimeout: 1_000 });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }
}
