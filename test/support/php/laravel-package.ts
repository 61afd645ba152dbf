import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const FRAMEWORK = 'laravel/framework';
// The panel's own major version.
const FRAMEWORK_VERSION = '^11.0';
const TIMEOUT_MS = 120_000;

/** The programs among php and composer that this machine lacks. */
export function missingPhpTools(): string[] {
  return ['php', 'composer'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
}

/**
 * Fetches Laravel's framework, which `illuminate/encryption` is a part of, from Packagist, and keeps it for
 * later runs in a folder among the system's temporary files. The packages that it depends on are left out: the
 * encrypter uses none of them.
 *
 * @returns the path of the autoloader to require
 */
export async function installLaravel(): Promise<string> {
  const hash = createHash('sha256').update(`${FRAMEWORK}:${FRAMEWORK_VERSION}`).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `panel-sidecar-test-php-${hash}`);
  const autoload = join(folder, 'vendor', 'autoload.php');
  if (existsSync(autoload)) return autoload;

  // Made beside its place and then moved there, so that two runs at once never see half of it.
  const draft = await mkdtemp(`${folder}-`);
  try {
    const options = ['--no-install', '--no-progress', '--ignore-platform-reqs'];
    await composer(draft, ['create-project', ...options, FRAMEWORK, '.', FRAMEWORK_VERSION]);
    await composer(draft, ['dump-autoload', '--no-dev']);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another run was first: its folder stands in the way of the move.
    if (!existsSync(autoload)) throw error;
  }
  return autoload;
}

/** Runs Composer in a folder, with nothing of the packages run. */
export async function composer(folder: string, args: readonly string[]): Promise<void> {
  await run('composer', [...args, '--quiet', '--no-interaction', '--no-plugins', '--no-scripts'], {
    cwd: folder,
    timeout: TIMEOUT_MS,
    env: { ...process.env, COMPOSER_ALLOW_SUPERUSER: '1' },
  });
}
