import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { programEnv } from './program-env.ts';

/** The command under test. */
export const binary = fileURLToPath(new URL('../../bin/panel-sidecar', import.meta.url));

/** What a command is started with besides its arguments. */
export interface CommandOptions {
  /** Added to a nearly empty environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** The file to run in place of the checkout's own. */
  readonly file?: string;
}

/** A command that has ended. */
export interface Finished {
  /** Its exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that may still run. */
export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves when the command has ended. */
  readonly finished: Promise<Finished>;
  /** Resolves with what `pattern` matched in standard output; rejects where the command ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts the real binary. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): Running {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), options.file ?? binary, ...args], {
    env: { ...programEnv, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const finished = once(child, 'close').then(
    ([code, signal]): Finished => ({ code: (signal ?? code) as Finished['code'], stdout, stderr }),
  );
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout);
        if (match !== null) resolve(match);
      };
      look();
      child.stdout.on('data', look);
      finished.then(({ code }) =>
        reject(new Error(`ended with ${code} before ${pattern}: ${stdout}${stderr}`)),
      );
    });
  return { process: child, finished, printed };
}

/** Runs the real binary to its end. */
export function run(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return startCommand(args, options).finished;
}

/** What a command that failed in one line leaves behind. */
export function failure(reason: string): Finished {
  return { code: 1, stdout: '', stderr: `panel-sidecar: ${reason}\n` };
}
