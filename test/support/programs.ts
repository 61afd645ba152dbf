import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/operator-error.ts';

const run = promisify(execFile);

/** Where programs are looked for, and whether packages may be installed. */
export interface ProgramSource {
  /** By default PATH and /usr/sbin, which PATH often lacks. */
  readonly folders?: readonly string[];
  /** By default, whether the caller is root. */
  readonly mayInstall?: boolean;
  /** Where else to look. */
  readonly furtherFolders?: readonly string[];
  /** What the caller must be allowed to do with the files; by default, to run them. */
  readonly access?: number;
}

/**
 * Finds programs that tests need. Where one is missing, Debian's package is installed if the caller may do so.
 *
 * @param names of programs that are in one package
 * @param packageName the package
 * @param title what the advice calls it
 * @returns their absolute paths by name, each from the first folder that has it
 * @throws OperatorError, one line that says what to install
 */
export async function findPrograms<Name extends string>(
  names: readonly [Name, ...Name[]],
  packageName: string,
  title: string = packageName,
  source: ProgramSource = {},
): Promise<Readonly<Record<Name, string>>> {
  const { folders = defaultFolders(), furtherFolders = [], access = constants.X_OK } = source;
  const { mayInstall = process.getuid?.() === 0 } = source;
  const locateThem = () => locateAll(names, [...folders, ...furtherFolders], access);
  const found = locateThem();
  if (found) return found;

  const [first] = names;
  const advice = `${first} was not found: install ${title} (on Debian: apt-get install ${packageName}) and try again`;
  const aptGet = locate('apt-get', folders, constants.X_OK);
  if (!aptGet || !mayInstall) throw new OperatorError(advice);
  process.stderr.write(`${first} was not found: installing the package ${packageName}\n`);
  await installPackage(aptGet, packageName, advice);

  const installed = locateThem();
  if (!installed) throw new OperatorError(advice);
  return installed;
}

/** Where programs are looked for: PATH and /usr/sbin, which PATH often lacks. */
export function defaultFolders(): string[] {
  return [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin'];
}

/**
 * Looks for programs.
 *
 * @returns their absolute paths by name, each from the first folder that has it; undefined where one is missing
 */
export function locateAll<Name extends string>(
  names: readonly Name[],
  folders: readonly string[],
  access: number = constants.X_OK,
): Record<Name, string> | undefined {
  const paths: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const path = locate(name, folders, access);
    if (path === undefined) return undefined;
    paths[name] = path;
  }
  return paths as Record<Name, string>;
}

function locate(program: string, folders: readonly string[], access: number): string | undefined {
  return folders.map((folder) => join(folder, program)).find((path) => isAccessible(path, access));
}

function isAccessible(path: string, access: number): boolean {
  try {
    accessSync(path, access);
    return true;
  } catch {
    return false;
  }
}

async function installPackage(aptGet: string, name: string, advice: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run(aptGet, ['update'], options);
    await run(aptGet, ['install', '--yes', '--no-install-recommends', name], options);
  } catch (error) {
    throw new OperatorError(`${advice}; installing it failed: ${lastLine(error)}`);
  }
}

/** The last line of what a program that failed wrote to standard error, or else of the error. */
export function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
