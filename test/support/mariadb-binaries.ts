import { findPrograms, type ProgramSource } from './programs.ts';

/** The two programs that a private MariaDB needs, as absolute paths. */
export type MariadbBinaries = {
  readonly server: string;
  /** The script that makes a data folder. */
  readonly installDb: string;
};

/**
 * Finds MariaDB's server. Where it is missing, Debian's package is installed if the caller may do so.
 *
 * @throws OperatorError, one line that says what to install
 */
export async function findMariadb(source?: ProgramSource): Promise<MariadbBinaries> {
  const names = ['mariadbd', 'mariadb-install-db'] as const;
  const found = await findPrograms(names, 'mariadb-server', "MariaDB's server", source);
  return { server: found.mariadbd, installDb: found['mariadb-install-db'] };
}
