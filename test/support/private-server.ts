import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, ended, signalAll } from './process-tree.ts';

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 15_000;
const FAULT = /\b(?:warning|error|fatal|failed)\b/i;

/** The program of a private server, and what it is started with. */
export type ServerProgram = {
  /** Its name, for people. */
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  /** The user of the machine that it runs as; absent for the one that runs the tests. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The signal on which it ends in an orderly way without waiting for its clients. */
  readonly endSignal: NodeJS.Signals;
};

/**
 * A database server of the tests' own, in a temporary folder. The folder holds `data`, `error.log` and, while
 * the server runs, `server.pid`; a watchdog ends the server and removes the folder when this process is gone.
 */
export abstract class PrivateServer {
  protected readonly folder: string;
  readonly #watchdog: ChildProcess;
  #process: ChildProcess | undefined;

  protected constructor(folder: string, watchdog: ChildProcess) {
    this.folder = folder;
    this.#watchdog = watchdog;
  }

  protected abstract get program(): ServerProgram;

  /** Whether the server lets its administrator in. */
  protected abstract answers(): Promise<boolean>;

  /** The process id of the running server; undefined while it is halted. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts a halted server again, on the same data and port, and waits until it answers.
   *
   * @throws Error with the end of the server's log where it does not come up
   */
  async start(): Promise<void> {
    if (this.#process) return;
    const { name, path, args, user } = this.program;
    const log = openSync(join(this.folder, 'error.log'), 'a');
    const child = spawn(path, args, { ...user, cwd: this.folder, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.answers())) {
      if (isRunning(child) && Date.now() < deadline) {
        await delay(20);
        continue;
      }
      const lines = (await readFile(join(this.folder, 'error.log'), 'utf8')).split('\n');
      // A server that gives up logs how it goes down as well: what it died of stands further up.
      const told = lines.filter((line, index) => index >= lines.length - 15 || FAULT.test(line));
      throw new Error(`${name} did not start:\n${told.join('\n')}`);
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
    if (signal === 'SIGKILL') await this.#crash(child);
    else child.kill(this.program.endSignal);
    await exited;
    clearTimeout(bound);
    // A killed server leaves its number behind, which may be another process's by the time it is read.
    await rm(join(this.folder, 'server.pid'), { force: true });
  }

  /**
   * Freezes the server with all its processes: connections to it stay open, and are taken, but nothing is answered.
   *
   * @returns lets it go on
   */
  async pause(): Promise<() => void> {
    const { pid } = this;
    if (pid === undefined) throw new Error('the server does not run');
    // First itself, so that it starts no more of them.
    process.kill(pid, 'SIGSTOP');
    const pids = [...(await childrenOf(pid)), pid];
    signalAll(pids, 'SIGSTOP');
    return () => signalAll(pids, 'SIGCONT');
  }

  /** Kills the server with its processes, which would go on for a while and keep a new one from starting. */
  async #crash(child: ChildProcess): Promise<void> {
    const children = child.pid === undefined ? [] : await childrenOf(child.pid);
    child.kill('SIGKILL');
    signalAll(children, 'SIGKILL');
    await ended(children);
  }

  /** Ends the server in an orderly way and starts it again on the same data and port. */
  async restart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  /** Ends the server and removes its folder. */
  async stop(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
    this.#watchdog.stdin?.end();
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/**
 * Where {@link freePort} looks: below what Linux gives to outgoing connections and to whoever listens on port 0
 * (`net.ipv4.ip_local_port_range`). The tests do both thousands of times, and would take a port from a server
 * that listens only seconds after it was chosen, as a node of a cluster does.
 */
const PORTS = { from: 10_240, to: 32_768 };
const PORT_TRIES = 50;

/** A port of 127.0.0.1 that nobody listens on now. Take it soon: nothing keeps it free. */
export async function freePort(): Promise<number> {
  for (let tries = 1; tries <= PORT_TRIES; tries++) {
    const port = randomInt(PORTS.from, PORTS.to);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('listening', () => resolve(true)).once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1');
    });
    if (!free) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error(`no free port of 127.0.0.1 in ${PORT_TRIES} tries`);
}
