import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A user of the machine; null for the one that runs the tests. */
export type SystemUser = { readonly uid: number; readonly gid: number } | null;

/**
 * The user that a server runs as which does not run as root: for root, the one that the server's package makes,
 * or nobody; for anybody else, themselves.
 */
export async function serverUser(packageUser: string): Promise<SystemUser> {
  if (process.getuid?.() !== 0) return null;
  const idOf = async (flag: string, name: string) => Number((await run('id', [flag, name])).stdout);
  const name = await run('id', ['-u', packageUser]).then(
    () => packageUser,
    () => 'nobody',
  );
  return { uid: await idOf('-u', name), gid: await idOf('-g', name) };
}
