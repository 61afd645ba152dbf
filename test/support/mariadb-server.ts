import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { findMariadb, type MariadbBinaries } from './mariadb-binaries.ts';
import { dataFolderOptions, serverOptions } from './mariadb-options.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);
const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 15_000;

/** How to reach a private MariaDB as its administrator. */
export type MariadbAddress = {
  readonly host: string;
  readonly port: number;
  /** Path of its socket. */
  readonly socket: string;
  readonly rootUser: string;
  readonly rootPassword: string;
};

/**
 * A MariaDB of the tests' own: its data folder is temporary, it listens on a free port of 127.0.0.1 only, and
 * it ends with the process that started it, even if that is killed.
 */
export class MariadbServer {
  readonly address: MariadbAddress;
  readonly #binaries: MariadbBinaries;
  readonly #folder: string;
  readonly #watchdog: ChildProcess;
  #process: ChildProcess | undefined;

  private constructor(binaries: MariadbBinaries, folder: string, port: number, watchdog: ChildProcess) {
    const socket = join(folder, 'server.sock');
    this.address = { host: '127.0.0.1', port, socket, rootUser: 'root', rootPassword: '' };
    this.#binaries = binaries;
    this.#folder = folder;
    this.#watchdog = watchdog;
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

  /** The process id of the running server; undefined while it is halted. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts a halted server again, on the same data and port, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#process) return;
    const place = { folder: this.#folder, socket: this.address.socket, port: this.address.port };
    const child = spawn(this.#binaries.server, serverOptions(place), { stdio: 'ignore' });
    this.#process = child;
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#answers())) {
      if (isRunning(child) && Date.now() < deadline) {
        await delay(20);
        continue;
      }
      const log = await readFile(join(this.#folder, 'error.log'), 'utf8').catch(() => '');
      throw new Error(`MariaDB did not start:\n${log.split('\n').slice(-15).join('\n')}`);
    }
  }

  /**
   * Ends the server but keeps its data, as when a database goes away under a running service.
   *
   * @param signal SIGKILL for a crash: what was committed must then be there after `start()`
   */
  async halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    if (!isRunning(child)) return;
    const bound = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    clearTimeout(bound);
    // A killed server leaves its number behind, which may be another process's by the time it is read.
    await rm(join(this.#folder, 'server.pid'), { force: true });
  }

  /** Ends the server in an orderly way and starts it again on the same data and port. */
  async restart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  /** Ends the server and removes its folder. */
  async stop(): Promise<void> {
    await this.halt();
    await rm(this.#folder, { recursive: true, force: true });
    this.#watchdog.stdin?.end();
  }

  async #answers(): Promise<boolean> {
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

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return address.port;
}
