import { chmodSync, linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { settingsFileName } from '../config/load.ts';
import { publishSettings } from '../config/publish.ts';
import { OperatorError } from '../operator-error.ts';
import { print } from './output.ts';

/** Options of `init`. */
export interface InitOptions {
  readonly force?: boolean;
}

/** Writes the commented configuration file, in full or not at all. */
export function init(name: string = settingsFileName, { force = false }: InitOptions = {}): void {
  const file = resolve(name);
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, publishSettings(), { flag: 'wx' });
    // The service's own user must be able to read it, whatever the umask of who writes it.
    chmodSync(draft, 0o644);
    // Unlike a rename, a link fails where the name is taken.
    if (force) renameSync(draft, file);
    else linkSync(draft, file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    rmSync(draft, { force: true });
  }
  print(`Wrote ${file}: every setting at its default. Start with --config ${name} to have it read.`);
}

function explain(error: unknown, file: string): OperatorError {
  const { code } = error as { code?: string };
  if (code === 'EEXIST') return new OperatorError(`${file} exists already: --force replaces it`);
  if (code === 'ENOENT') return new OperatorError(`cannot write ${file}: its folder does not exist`);
  return new OperatorError(`cannot write ${file}: ${code ?? String(error)}`);
}
