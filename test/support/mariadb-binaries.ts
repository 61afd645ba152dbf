import { delimiter } from 'node:path';
import { OperatorError } from '../../src/operator-error.ts';
import { installPackage, locate } from './programs.ts';

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
  process.stderr.write('mariadbd was not found: installing the package mariadb-server\n');
  await installPackage(aptGet, 'mariadb-server', advice);

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
