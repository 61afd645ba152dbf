import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { OperatorError } from '../../src/operator-error.ts';
import { installPackage, locate } from './programs.ts';

/** The two programs that a private PostgreSQL needs, as absolute paths. */
export type PostgresBinaries = {
  readonly server: string;
  /** The program that makes a data folder. */
  readonly initDb: string;
};

const advice =
  'postgres was not found: install PostgreSQL (on Debian: apt-get install postgresql) and try again';

/**
 * Finds PostgreSQL's server. Where it is missing, Debian's package is installed if the caller may do so.
 *
 * @param root where Debian keeps one folder per version
 * @param path where programs are looked for besides; by default PATH
 * @param mayInstall whether the caller may install packages; by default, whether it is root
 * @throws OperatorError, one line that says what to install
 */
export async function findPostgres(
  root = '/usr/lib/postgresql',
  path: readonly string[] = (process.env.PATH ?? '').split(delimiter).filter(Boolean),
  mayInstall: boolean = process.getuid?.() === 0,
): Promise<PostgresBinaries> {
  const found = locateBoth(root, path);
  if (found) return found;

  const aptGet = locate('apt-get', path);
  if (!aptGet || !mayInstall) throw new OperatorError(advice);
  process.stderr.write('postgres was not found: installing the package postgresql\n');
  await installPackage(aptGet, 'postgresql', advice);

  const installed = locateBoth(root, path);
  if (!installed) throw new OperatorError(advice);
  return installed;
}

/** Both from one folder, the newest version first: a server only runs on a data folder of its own version. */
function locateBoth(root: string, path: readonly string[]): PostgresBinaries | undefined {
  const versions = existsSync(root) ? readdirSync(root) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((name) => join(root, name, 'bin'));
  for (const folder of [...newestFirst, ...path]) {
    const server = locate('postgres', [folder]);
    const initDb = locate('initdb', [folder]);
    if (server && initDb) return { server, initDb };
  }
  return undefined;
}
