import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { programEnv } from './program-env.ts';

const binary = fileURLToPath(new URL('../../bin/panel-sidecar', import.meta.url));

/** A running service, started the way an operator does. */
export interface RunningService {
  readonly url: string;
  readonly process: ChildProcess;
  /** Its log lines so far. */
  readonly log: readonly string[];
  /** Asks it to stop and answers with its exit code. */
  stop(): Promise<number | null>;
}

/** What a service is started with besides the panel's folder. */
export interface ServiceOptions {
  /** The command, where it is not the checkout's. */
  readonly program?: string;
  /** Further arguments of `serve`. */
  readonly args?: readonly string[];
  /** Variables of its process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `panel-sidecar serve` on a free port and waits until it listens. */
export async function startService(panel: string, options: ServiceOptions = {}): Promise<RunningService> {
  const args = ['serve', '--panel', panel, '--listen', '127.0.0.1:0', ...(options.args ?? [])];
  const child = spawn(process.execPath, [options.program ?? binary, ...args], {
    env: { ...programEnv, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      const listening = /"url":"(http:[^"]+)"/.exec(line)?.[1];
      if (listening !== undefined) resolve(listening);
    });
    child.once('exit', (code) =>
      reject(new Error(`the service ended with ${code}: ${errors}${log.join('\n')}`)),
    );
  });
  return {
    url,
    process: child,
    log,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    },
  };
}
