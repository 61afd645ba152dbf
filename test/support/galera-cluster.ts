import { type ChildProcess, execFile } from 'node:child_process';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type GaleraPlace, galeraOptions, notAsRoot } from './galera-options.ts';
import { findGalera } from './galera-provider.ts';
import { findMariadb } from './mariadb-binaries.ts';
import { dataFolderOptions } from './mariadb-options.ts';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { type SystemUser, serverUser } from './system-user.ts';
import type { ServerAddress } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/** A MariaDB of the tests' own that is one of a cluster's writers. */
export class GaleraNode extends PrivateServer {
  readonly address: ServerAddress;
  readonly #place: GaleraPlace;
  readonly #server: string;
  readonly #user: SystemUser;

  constructor(place: GaleraPlace, server: string, user: SystemUser, watchdog: ChildProcess) {
    super(place.folder, watchdog);
    this.address = { host: '127.0.0.1', port: place.port, rootUser: 'root', rootPassword: '' };
    this.#place = place;
    this.#server = server;
    this.#user = user;
  }

  /** Where it talks to other nodes. */
  get gcommPort(): number {
    return this.#place.gcommPort;
  }

  protected override get program(): ServerProgram {
    return {
      name: 'MariaDB in a cluster',
      path: this.#server,
      args: galeraOptions(this.#place),
      ...(this.#user === null ? {} : { user: this.#user }),
      endSignal: 'SIGTERM',
    };
  }

  /** Whether it is one of the cluster and takes statements. */
  protected override async answers(): Promise<boolean> {
    const { host, port, rootUser: user, rootPassword: password } = this.address;
    try {
      const connection = await createConnection({ host, port, user, password, connectTimeout: 1_000 });
      const [rows] = await connection.query<RowDataPacket[]>("show status like 'wsrep_ready'");
      await connection.end();
      return rows[0]?.Value === 'ON';
    } catch {
      return false;
    }
  }
}

/** Two MariaDB servers of the tests' own that replicate to each other; either takes writes. */
export class GaleraCluster {
  readonly nodes: readonly [GaleraNode, GaleraNode];

  private constructor(nodes: readonly [GaleraNode, GaleraNode]) {
    this.nodes = nodes;
  }

  /**
   * Starts the first on a new data folder, and has the second copy it; takes about six seconds.
   *
   * @throws OperatorError where MariaDB or Galera is missing and cannot be installed
   * @throws Error with the end of a server's log where it does not come up
   */
  static async start(): Promise<GaleraCluster> {
    const first = await startNode(null);
    try {
      // A copy that breaks off ends the server it was made for, and Galera leaves it to whoever runs it to try again.
      const second = await startNode(first.gcommPort).catch(() => startNode(first.gcommPort));
      return new GaleraCluster([first, second]);
    } catch (error) {
      await first.stop();
      throw error;
    }
  }

  /** Ends both and removes their folders. */
  async stop(): Promise<void> {
    const [first, second] = this.nodes;
    await second.stop();
    await first.stop();
  }
}

/** @param donorPort where a node that runs talks to others; null begins a cluster */
async function startNode(donorPort: number | null): Promise<GaleraNode> {
  const { server, installDb } = await findMariadb();
  const provider = await findGalera();
  // rsync makes the copy, and would make it as nobody where it is run by root.
  const user = await serverUser('mysql');
  const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-galera-'));
  const watchdog = startWatchdog(folder);
  try {
    if (user) await chown(folder, user.uid, user.gid);
    const options = [...dataFolderOptions(folder), '--auth-root-authentication-method=normal'];
    if (donorPort === null)
      await run(installDb, notAsRoot([...options, '--skip-test-db']), { ...user, cwd: folder });
    else await run('mkdir', [join(folder, 'data')], { ...user });
    // Chosen as late as possible: nothing keeps a free port free until the server has it.
    const [port, gcommPort] = [await freePort(), await freePort()];
    const [istPort, sstPort] = [await freePort(), await freePort()];
    const place = { folder, provider, donorPort, port, gcommPort, istPort, sstPort };
    const node = new GaleraNode(place, server, user, watchdog);
    await node.start();
    return node;
  } catch (error) {
    watchdog.stdin?.end();
    throw error;
  }
}
