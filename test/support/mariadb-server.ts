import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findMariadb, type MariadbBinaries } from './mariadb-binaries.ts';
import { dataFolderOptions, serverOptions } from './mariadb-options.ts';
import { letsIn } from './mysql-database.ts';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import type { ServerAddress } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/** How to reach a private MariaDB or MySQL as its administrator. */
export type MariadbAddress = ServerAddress & {
  /** Path of its socket. */
  readonly socket: string;
};

/** What of a private MariaDB or MySQL is not as usual. */
export type MariadbDetails = {
  /** The address it listens on; 127.0.0.1 unless given. */
  readonly host?: string;
  /** Its port; a free one unless given. */
  readonly port?: number;
  /** Options of the server, after all others. */
  readonly options?: readonly string[];
  /** The user of the machine that it runs as; the one that runs the tests unless given. */
  readonly user?: SystemUser;
};

/** A user of the machine, by numbers. */
export type SystemUser = { readonly uid: number; readonly gid: number };

/**
 * A MariaDB of the tests' own: its data folder is temporary, it listens on a free port of 127.0.0.1 only, and
 * it ends with the process that started it, even if that is killed.
 */
export class MariadbServer extends PrivateServer {
  readonly address: MariadbAddress;
  readonly #binaries: MariadbBinaries;
  readonly #options: readonly string[];
  readonly #user: SystemUser | undefined;

  private constructor(
    binaries: MariadbBinaries,
    folder: string,
    { host, port, options, user }: Required<Omit<MariadbDetails, 'user'>> & Pick<MariadbDetails, 'user'>,
    watchdog: ChildProcess,
  ) {
    super(folder, watchdog);
    const socket = join(folder, 'server.sock');
    this.address = { host, port, socket, rootUser: 'root', rootPassword: '' };
    this.#binaries = binaries;
    this.#options = options;
    this.#user = user;
  }

  /**
   * Makes a data folder and starts a server on it; takes about two seconds.
   *
   * @throws OperatorError where MariaDB is missing and cannot be installed
   * @throws Error with the end of the server's log where it does not come up
   */
  static async start(details: MariadbDetails = {}): Promise<MariadbServer> {
    const binaries = await findMariadb();
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-mariadb-'));
    const watchdog = startWatchdog(folder);
    try {
      const options = [...dataFolderOptions(folder), '--auth-root-authentication-method=normal'];
      await run(binaries.installDb, [...options, '--skip-test-db']);
      // Chosen as late as possible: nothing keeps a free port free until the server has it.
      const { host = '127.0.0.1', port = await freePort(), options: further = [], user } = details;
      if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
      const place = { host, port, options: further, ...(user === undefined ? {} : { user }) };
      const server = new MariadbServer(binaries, folder, place, watchdog);
      await server.start();
      return server;
    } catch (error) {
      watchdog.stdin?.end();
      throw error;
    }
  }

  protected override get program(): ServerProgram {
    const { host, port, socket } = this.address;
    return {
      name: 'MariaDB',
      path: this.#binaries.server,
      args: [...serverOptions({ folder: this.folder, socket, host, port }), ...this.#options],
      ...(this.#user === undefined ? {} : { user: this.#user }),
      endSignal: 'SIGTERM',
    };
  }

  protected override answers(): Promise<boolean> {
    return letsIn(this.address);
  }
}
