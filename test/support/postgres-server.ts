import { type ChildProcess, execFile } from 'node:child_process';
import { appendFile, chown, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { initOptions, serverOptions } from './postgres-options.ts';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { findPrograms } from './programs.ts';
import { type SystemUser, serverUser } from './system-user.ts';
import { randomName, type ServerAddress } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/** How to reach a private PostgreSQL as its administrator. */
export type PostgresAddress = ServerAddress & {
  /** Folder of its socket. */
  readonly socketFolder: string;
};

/** What of a private PostgreSQL is not as usual. */
export type PostgresDetails = {
  /** Whether it lets in nobody but its administrator without encryption; it has none unless this is true. */
  readonly demandsEncryption?: boolean;
};

/**
 * A PostgreSQL of the tests' own: its data folder is temporary, it listens on a free port of 127.0.0.1 only,
 * and it ends with the process that started it, even if that is killed.
 */
export class PostgresServer extends PrivateServer {
  readonly address: PostgresAddress;
  readonly #binaries: PostgresBinaries;
  readonly #user: SystemUser;

  private constructor(
    binaries: PostgresBinaries,
    user: SystemUser,
    folder: string,
    access: Pick<PostgresAddress, 'host' | 'port' | 'rootPassword'>,
    watchdog: ChildProcess,
  ) {
    super(folder, watchdog);
    this.address = { socketFolder: folder, rootUser: 'postgres', ...access };
    this.#binaries = binaries;
    this.#user = user;
  }

  /**
   * Makes a data folder and starts a server on it; takes about one second.
   *
   * @throws OperatorError where PostgreSQL is missing and cannot be installed
   * @throws Error with the end of the server's log where it does not come up
   */
  static async start(details: PostgresDetails = {}): Promise<PostgresServer> {
    const binaries = await findPostgres();
    // It refuses to run as root.
    const user = await serverUser('postgres');
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-postgres-'));
    const watchdog = startWatchdog(folder, 'INT');
    try {
      const rootPassword = randomName();
      await writeFile(join(folder, 'password'), rootPassword);
      if (user) await chown(folder, user.uid, user.gid);
      await run(binaries.initDb, initOptions(folder), { ...user, cwd: folder });
      if (details.demandsEncryption) await demandEncryption(folder, user);
      // Chosen as late as possible: nothing keeps a free port free until the server has it.
      const access = { host: '127.0.0.1', port: await freePort(), rootPassword };
      const server = new PostgresServer(binaries, user, folder, access, watchdog);
      await server.start();
      return server;
    } catch (error) {
      watchdog.stdin?.end();
      throw error;
    }
  }

  /**
   * Starts a server that repeats all that this one does, at the same port of another address. Changes made so far
   * are copied; the rest follows as it happens.
   */
  async startStandby(host: string): Promise<PostgresServer> {
    const binaries = this.#binaries;
    const user = this.#user;
    const { port, rootPassword, host: from, rootUser } = this.address;
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-postgres-'));
    const watchdog = startWatchdog(folder, 'INT');
    try {
      if (user) await chown(folder, user.uid, user.gid);
      const source = ['-h', from, '-p', String(port), '-U', rootUser, '--checkpoint=fast'];
      await run(
        join(dirname(binaries.server), 'pg_basebackup'),
        [...source, '--write-recovery-conf', '--no-sync', '-D', join(folder, 'data')],
        { ...user, cwd: folder, env: { PGPASSWORD: rootPassword } },
      );
      const standby = new PostgresServer(binaries, user, folder, { host, port, rootPassword }, watchdog);
      await standby.start();
      return standby;
    } catch (error) {
      watchdog.stdin?.end();
      throw error;
    }
  }

  protected override get program(): ServerProgram {
    return {
      name: 'PostgreSQL',
      path: this.#binaries.server,
      args: serverOptions({ folder: this.folder, host: this.address.host, port: this.address.port }),
      ...(this.#user === null ? {} : { user: this.#user }),
      // On SIGTERM it would wait for its clients to leave.
      endSignal: 'SIGINT',
    };
  }

  protected override async answers(): Promise<boolean> {
    const { host, port, rootUser: user, rootPassword: password } = this.address;
    const client = new pg.Client({ host, port, user, password, database: 'postgres' });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  }
}

/** Has a server that is not running yet encrypt, by a certificate that it signs itself, and demand it. */
async function demandEncryption(folder: string, user: SystemUser): Promise<void> {
  const data = join(folder, 'data');
  const { openssl } = await findPrograms(['openssl'], 'openssl');
  const own = ['-keyout', join(data, 'server.key'), '-out', join(data, 'server.crt')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=panel.test'];
  await run(openssl, [...request, ...own], { ...user, cwd: folder });
  await appendFile(join(data, 'postgresql.conf'), 'ssl = on\n');
  const rules = [
    'host all postgres 127.0.0.1/32 scram-sha-256',
    'hostssl all all 127.0.0.1/32 scram-sha-256',
  ];
  await writeFile(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`);
}
