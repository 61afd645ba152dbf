import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/operator-error.ts';

const run = promisify(execFile);

/** The path of a program in the first of the folders that has it. */
export function locate(program: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs one of Debian's packages, after bringing the list of packages up to date.
 *
 * @param advice what to tell an operator where that fails; one line
 * @throws OperatorError the advice, and the reason
 */
export async function installPackage(aptGet: string, name: string, advice: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run(aptGet, ['update'], options);
    await run(aptGet, ['install', '--yes', '--no-install-recommends', name], options);
  } catch (error) {
    throw new OperatorError(`${advice}; installing it failed: ${lastLine(error)}`);
  }
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
