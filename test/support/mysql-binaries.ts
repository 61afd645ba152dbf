import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OperatorError } from '../../src/operator-error.ts';
import { defaultFolders, lastLine, locateAll } from './programs.ts';

const run = promisify(execFile);

/** MySQL's own server, not MariaDB's. */
export type MysqlBinary = {
  readonly server: string;
  /** What stands before its options: the server is started by the loader of libraries where it has its own ones. */
  readonly args: readonly string[];
  /** What stands after `--no-defaults`, which must be its first option. */
  readonly options: readonly string[];
};

/** Where MySQL is looked for, and kept where it is fetched. */
export type MysqlSource = {
  /** By default PATH and /usr/sbin, which PATH often lacks. */
  readonly folders?: readonly string[];
  /** What is fetched stands in here, for the next time too. */
  readonly cache?: string;
};

const usualCache = fileURLToPath(new URL('../../node_modules/.cache/panel-sidecar/mysql', import.meta.url));
const packageName = 'mysql-server-core';
const advice = `mysqld was not found: install MySQL's server (not MariaDB's) and try again`;

/**
 * Finds MySQL's server. Debian has it in its unstable release only, whose libraries are newer than a stable
 * machine's. So where none is installed, that release's package is unpacked beside them in a folder of the tests'
 * own with all it needs, by apt from the mirror that the machine already uses. Nothing is installed.
 *
 * @throws OperatorError, one line that says what to install
 */
export async function findMysql({
  folders = defaultFolders(),
  cache = usualCache,
}: MysqlSource = {}): Promise<MysqlBinary> {
  const installed = locateAll(['mysqld'], folders)?.mysqld;
  if (installed !== undefined && (await isMysql(installed)))
    return { server: installed, args: [], options: [] };
  if (!existsSync(cache)) {
    const programs = locateAll(['apt-get', 'dpkg-deb'], folders);
    if (programs === undefined) throw new OperatorError(advice);
    process.stderr.write(`mysqld was not found: unpacking Debian's package ${packageName} into ${cache}\n`);
    try {
      await fetchInto(cache, programs);
    } catch (error) {
      throw new OperatorError(`${advice}; fetching Debian's failed: ${lastLine(error)}`);
    }
  }
  return unpacked(cache);
}

async function isMysql(server: string): Promise<boolean> {
  const { stdout } = await run(server, ['--version']);
  return !stdout.includes('MariaDB');
}

/** The server in a folder that packages were unpacked into, started with their libraries and no others. */
function unpacked(root: string): MysqlBinary {
  const usr = join(root, 'usr');
  const architecture = readdirSync(join(usr, 'lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const libraries = join(usr, 'lib', architecture);
  const loader = readdirSync(libraries).find((name) => name.startsWith('ld-linux')) ?? '';
  return {
    server: join(libraries, loader),
    args: ['--library-path', libraries, join(usr, 'sbin', 'mysqld')],
    options: [`--basedir=${usr}`],
  };
}

/** Fetches and unpacks the package with all that it depends on; all of it is there afterwards, or nothing. */
async function fetchInto(
  folder: string,
  programs: Readonly<Record<'apt-get' | 'dpkg-deb', string>>,
): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const apt = (...args: string[]) =>
      run(programs['apt-get'], [...aptOptions(work), ...args], { maxBuffer });
    for (const part of ['lists/partial', 'archives/partial'])
      mkdirSync(join(work, part), { recursive: true });
    // Nothing counts as installed, so that the libraries of the machine are not taken for those of the package.
    writeFileSync(join(work, 'status'), '');
    writeFileSync(
      join(work, 'sources.list'),
      `deb [signed-by=${keyring}] ${await mirror(programs['apt-get'])} sid main\n`,
    );
    await apt('update');
    await apt('install', '--download-only', '--no-install-recommends', '--yes', packageName);
    const archives = join(work, 'archives');
    const root = join(work, 'root');
    for (const name of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      await run(programs['dpkg-deb'], ['--extract', join(archives, name), root]);
    }
    // Another run may have been quicker.
    if (!existsSync(folder)) renameSync(root, folder);
  } finally {
    rmSync(work, { recursive: true });
  }
}

const maxBuffer = 64 * 1024 * 1024;
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Options with which apt knows only its own folder: what is installed, and where packages come from. */
function aptOptions(folder: string): string[] {
  const options = {
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::extended_states': join(folder, 'extended_states'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The mirror of Debian that the machine takes its own packages from. */
async function mirror(aptGet: string): Promise<string> {
  const { stdout } = await run(aptGet, [
    'indextargets',
    '--format',
    '$(ORIGIN) $(COMPONENT) $(REPO_URI)',
    'Created-By: Packages',
  ]);
  // Before its lists are up to date, apt cannot tell whose a mirror is.
  const found = /^(?:Debian|\$\(ORIGIN\)) main (\S+\/debian\/?)$/m.exec(stdout)?.[1];
  if (found === undefined) throw new Error('apt knows no mirror of Debian');
  return found;
}
