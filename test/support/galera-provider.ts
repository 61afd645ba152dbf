import { constants } from 'node:fs';
import { findPrograms } from './programs.ts';

/**
 * Finds the library that makes MariaDB servers a cluster. Where it is missing, Debian's package is installed if the
 * caller may do so.
 *
 * @returns its absolute path
 * @throws OperatorError, one line that says what to install
 */
export async function findGalera(): Promise<string> {
  const source = { furtherFolders: ['/usr/lib/galera'], access: constants.R_OK };
  const name = 'libgalera_smm.so';
  return (await findPrograms([name], 'galera-4', 'Galera', source))[name];
}
