import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composer } from './laravel-package.ts';

// The major version that the panel's own Laravel builds on.
const packages = {
  'symfony/http-foundation': '^7.0',
  'symfony/routing': '^7.0',
  'symfony/http-kernel': '^7.0',
};

/**
 * Fetches the parts of Symfony that Laravel reads requests and finds routes with, from Packagist, and keeps them
 * for later runs in a folder among the system's temporary files.
 *
 * @returns the path of the autoloader to require
 */
export async function installSymfony(): Promise<string> {
  const folder = join(tmpdir(), 'panel-sidecar-test-php-symfony-7');
  const autoload = join(folder, 'vendor', 'autoload.php');
  if (existsSync(autoload)) return autoload;

  // Made beside its place and then moved there, so that two runs at once never see half of it.
  const draft = await mkdtemp(`${folder}-`);
  try {
    await writeFile(join(draft, 'composer.json'), JSON.stringify({ require: packages }));
    await composer(draft, ['update', '--no-progress', '--ignore-platform-reqs']);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another run was first: its folder stands in the way of the move.
    if (!existsSync(autoload)) throw error;
  }
  return autoload;
}
