import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/operator-error.ts';

const run = promisify(execFile);

/** The two programs that a private MariaDB needs, as absolute paths. */
export type MariadbBinaries = {
  readonly server: string;
  /** The script that makes a data folder. */
  readonly installDb: string;
};

const advice =
  "mariadbd was not found: install MariaDB's server (on Debian: apt-get install mariadb-server) and try again";

/**
 * Finds MariaDB's server. Where it is missing, Debian's package is installed if the caller may do so.
 *
 * @param folders where programs are looked for; by default PATH and /usr/sbin, which PATH often lacks
 * @param mayInstall whether the caller may install packages; by default, whether it is root
 * @throws OperatorError, one line that says what to install
 */
export async function findMariadb(
  folders: readonly string[] = defaultFolders(),
  mayInstall: boolean = process.getuid?.() === 0,
): Promise<MariadbBinaries> {
  const found = locateBoth(folders);
  if (found) return found;

  const aptGet = locate('apt-get', folders);
  if (!aptGet || !mayInstall) throw new OperatorError(advice);
  await install(aptGet);

  const installed = locateBoth(folders);
  if (!installed) throw new OperatorError(advice);
  return installed;
}

function defaultFolders(): string[] {
  return [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin'];
}

function locateBoth(folders: readonly string[]): MariadbBinaries | undefined {
  const server = locate('mariadbd', folders);
  const installDb = locate('mariadb-install-db', folders);
  return server && installDb ? { server, installDb } : undefined;
}

function locate(program: string, folders: readonly string[]): string | undefined {
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

async function install(aptGet: string): Promise<void> {
  process.stderr.write('mariadbd was not found: installing the package mariadb-server\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run(aptGet, ['update'], options);
    await run(aptGet, ['install', '--yes', '--no-install-recommends', 'mariadb-server'], options);
  } catch (error) {
    throw new OperatorError(`${advice}; installing it failed: ${lastLine(error)}`);
  }
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
