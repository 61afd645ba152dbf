import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OperatorError } from '../../operator-error.ts';
import { inheritedValue, type ProcessEnv } from './dotenv.ts';

/** Far above any `.env`; a wrong path (a log, a dump) is told at once. */
const MAX_BYTES = 1024 * 1024;

/** The panel's folder and what its `.env` says. */
export interface EnvFile {
  /** absolute path of the panel's folder */
  readonly folder: string;
  /** absolute path of the file, or `null` if there is none and the process environment is enough */
  readonly envFile: string | null;
  /** the file's content, empty without a file */
  readonly text: string;
}

/**
 * Finds and reads the panel's `.env`.
 *
 * In a folder, a file for the environment that APP_ENV of the process names (`.env.production`) is read in
 * place of `.env`, as Laravel does.
 *
 * @param path the panel's folder, or its `.env` file, whose folder then is the panel's
 * @throws OperatorError if there is nothing to read
 */
export function findEnvFile(path: string, processEnv: ProcessEnv): EnvFile {
  const absolute = resolve(path);
  const found = statOf(absolute);
  if (found === null) {
    throw new OperatorError(`${absolute} does not exist: give the panel's folder, or its .env file`);
  }
  if (!found.isDirectory()) {
    return { folder: dirname(absolute), envFile: absolute, text: contentOf(absolute, found) };
  }

  const environment = inheritedValue(processEnv, 'APP_ENV') ?? '';
  const names = environment === '' ? ['.env'] : [`.env.${environment}`, '.env'];
  for (const name of names) {
    const envFile = join(absolute, name);
    const stats = statOf(envFile);
    if (stats !== null) return { folder: absolute, envFile, text: contentOf(envFile, stats) };
  }
  if (isEnough(processEnv)) return { folder: absolute, envFile: null, text: '' };
  throw new OperatorError(
    `${absolute} has no .env: give the panel's folder or its .env file, or set APP_KEY and the DB_ variables` +
      ' in the environment',
  );
}

/** A container's environment that holds the key and says something of the database replaces the file. */
function isEnough(processEnv: ProcessEnv): boolean {
  const isSet = (name: string) => (inheritedValue(processEnv, name) ?? '') !== '';
  return (
    isSet('APP_KEY') &&
    Object.keys(processEnv).some((name) => (name.startsWith('DB_') || name === 'DATABASE_URL') && isSet(name))
  );
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
    throw unreadable(path, error);
  }
}

function contentOf(path: string, stats: Stats): string {
  if (!stats.isFile())
    throw new OperatorError(`${path} is not a file: give the panel's folder, or its .env file`);
  if (stats.size > MAX_BYTES) {
    throw new OperatorError(`${path} is larger than 1 MiB, which no .env is: give the panel's folder`);
  }
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): OperatorError {
  const denied = hasCode(error, 'EACCES') || hasCode(error, 'EPERM');
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new OperatorError(
    denied
      ? `${path} may not be read by this user: run as one who may, for example the panel's own`
      : `${path} cannot be read (${reason}): give the panel's folder, or its .env file`,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
