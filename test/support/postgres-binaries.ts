import { delimiter } from 'node:path';
import { findPrograms, type ProgramSource } from './programs.ts';

/** The two programs that a private PostgreSQL needs, as absolute paths. */
export type PostgresBinaries = {
  readonly server: string;
  /** The program that makes a data folder. */
  readonly initDb: string;
};

/**
 * Finds PostgreSQL's server, the newest that is installed. Where it is missing, Debian's package is installed
 * if the caller may do so.
 *
 * @throws OperatorError, one line that says what to install
 */
export async function findPostgres(source: ProgramSource = {}): Promise<PostgresBinaries> {
  // A server only runs on a data folder of its own version; one package has both programs of a version.
  const programs = ['postgres', 'initdb'] as const;
  const found = await findPrograms(programs, 'postgresql', 'PostgreSQL', {
    folders: postgresFolders(),
    ...source,
  });
  return { server: found.postgres, initDb: found.initdb };
}

/** Debian keeps each version in a folder of its own off PATH: those, the newest first, before PATH. */
export function postgresFolders(root = '/usr/lib/postgresql'): string[] {
  const versions = Array.from({ length: 30 }, (_, index) => `${root}/${40 - index}/bin`);
  return [...versions, ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)];
}
