import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MariadbAddress, MariadbDetails } from './mariadb-server.ts';
import { findMysql, type MysqlBinary } from './mysql-binaries.ts';
import { letsIn } from './mysql-database.ts';
import { dataFolderOptions, serverOptions } from './mysql-options.ts';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { randomName } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/**
 * A MySQL of the tests' own: its data folder is temporary, it listens on a free port of 127.0.0.1 only, and it
 * ends with the process that started it, even if that is killed.
 */
export class MysqlServer extends PrivateServer {
  readonly address: MariadbAddress;
  readonly #binary: MysqlBinary;
  readonly #options: readonly string[];

  private constructor(
    binary: MysqlBinary,
    folder: string,
    address: MariadbAddress,
    options: readonly string[],
    watchdog: ChildProcess,
  ) {
    super(folder, watchdog);
    this.address = address;
    this.#binary = binary;
    this.#options = options;
  }

  /**
   * Makes a data folder and starts a server on it; takes about three seconds.
   *
   * @throws OperatorError where MySQL is missing and cannot be fetched
   * @throws Error with the end of the server's log where it does not come up
   */
  static async start(details: Omit<MariadbDetails, 'user'> = {}): Promise<MysqlServer> {
    const binary = await findMysql();
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-mysql-'));
    const watchdog = startWatchdog(folder);
    try {
      const rootPassword = randomName();
      // The administrator of a new data folder is let in through the socket only.
      await writeFile(
        join(folder, 'first.sql'),
        `create user root@'127.0.0.1' identified by '${rootPassword}';\n` +
          "grant all on *.* to root@'127.0.0.1' with grant option;\n",
      );
      const first = ['--initialize-insecure', `--init-file=${folder}/first.sql`];
      await run(binary.server, argsOf(binary, [...dataFolderOptions(folder), ...first]));
      // Chosen as late as possible: nothing keeps a free port free until the server has it.
      const { host = '127.0.0.1', port = await freePort(), options = [] } = details;
      const socket = join(folder, 'server.sock');
      const address = { host, port, socket, rootUser: 'root', rootPassword };
      const server = new MysqlServer(binary, folder, address, options, watchdog);
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
      name: 'MySQL',
      path: this.#binary.server,
      args: argsOf(this.#binary, [
        ...serverOptions({ folder: this.folder, socket, host, port }),
        ...this.#options,
      ]),
      endSignal: 'SIGTERM',
    };
  }

  protected override answers(): Promise<boolean> {
    return letsIn(this.address);
  }
}

/** No configuration file of the machine is read, so that the tests meet the same server everywhere. */
function argsOf({ args, options }: MysqlBinary, further: readonly string[]): string[] {
  return [...args, '--no-defaults', ...options, ...further];
}
