import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** What of package.json the lockfile repeats. */
const repeated = ['name', 'version', 'license', 'engines', 'bin'] as const;
const dependencyLists = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** package.json, as far as it is read here. */
export type Manifest = Readonly<Record<string, unknown>>;

/** A package as the lockfile has it. */
interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** package-lock.json, as far as it is read here; packages by their folder, the project itself by `''`. */
export interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage & Manifest>>;
}

/**
 * What is wrong with a lockfile, one line each: where it is not in step with package.json, and packages that do not
 * come as they are from the registry that npm is set up for, or that run a script where the service is installed.
 */
export function lockfileProblems(manifest: Manifest, lockfile: Lockfile): readonly string[] {
  if (lockfile.lockfileVersion !== 3) return [`lockfileVersion is ${lockfile.lockfileVersion}, not 3`];
  const { '': project, ...packages } = lockfile.packages;
  const fields = [...repeated, ...dependencyLists];
  return [
    ...fields
      .filter((field) => !isDeepStrictEqual(project?.[field], manifest[field]))
      .map((field) => `${field} is not that of package.json: run npm install`),
    ...dependencyLists
      .flatMap((list) => Object.keys(manifest[list] ?? {}))
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map((name) => `${name} is not locked: run npm install`),
    ...Object.entries(packages).flatMap(([folder, locked]) => packageProblems(folder, locked)),
  ];
}

function packageProblems(folder: string, locked: LockedPackage): string[] {
  const problems: string[] = [];
  if (locked.link === true) problems.push('is a folder of this machine');
  if (locked.resolved !== undefined) problems.push(`is taken from ${locked.resolved}`);
  // SHA-512 in base64 has 86 digits and two signs of padding.
  if (!/^sha512-[\w+/]{86}==$/.test(locked.integrity ?? '')) problems.push('has no SHA-512 integrity');
  if (locked.hasInstallScript === true && locked.dev !== true) problems.push('runs a script when installed');
  return problems.map((problem) => `${folder} ${problem}`);
}

const installScripts = ['preinstall', 'install', 'postinstall'];

/**
 * Production packages that run a script when they are installed by what they say of themselves, whatever the lockfile
 * says, one line each.
 *
 * @param root where `node_modules` is
 */
export function installScriptProblems(root: string, { packages }: Lockfile): readonly string[] {
  return Object.entries(packages)
    .filter(([folder, { dev }]) => folder !== '' && dev !== true)
    .flatMap(([folder]) => {
      const manifest = readManifest(join(root, folder));
      // One of another system is not installed.
      if (manifest === null) return [];
      const scripts = Object.keys(manifest.scripts ?? {}).filter((name) => installScripts.includes(name));
      return scripts.map((name) => `${folder} runs its ${name} script when installed`);
    });
}

function readManifest(folder: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
