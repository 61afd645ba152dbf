import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const shell = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The package as an operator has it: packed, and installed with what it depends on. */
export interface InstalledPackage {
  /** A folder of its own, which also holds the tarball. */
  readonly folder: string;
  /** Paths of what is in the tarball. */
  readonly packed: readonly string[];
  /** The command as npm links it. */
  readonly file: string;
  remove(): void;
}

/** Packs the checkout and installs the tarball, with the Node that runs this. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-package-'));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    const pack = await shell('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, env });
    // The build may print something before npm does.
    const [{ filename, files }] = JSON.parse(pack.stdout.slice(pack.stdout.search(/^\[/m)));
    const app = join(folder, 'app');
    mkdirSync(app);
    const options = ['--no-audit', '--no-fund', '--prefer-offline', '--prefix', app];
    await shell('npm', ['install', ...options, join(folder, filename)], { cwd: app, env });
    const file = join(app, 'node_modules', '.bin', 'panel-sidecar');
    return { folder, packed: files.map(({ path }: { path: string }) => path), file, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
