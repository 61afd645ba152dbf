import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installScriptProblems, type Lockfile, lockfileProblems, type Manifest } from './lockfile.ts';

// Continuous integration runs it, in a checkout with its packages: `node scripts/check-lockfile.ts [folder]`.

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8')) as unknown;
const lockfile = read('package-lock.json') as Lockfile;
const problems = [
  ...lockfileProblems(read('package.json') as Manifest, lockfile),
  ...installScriptProblems(root, lockfile),
];
for (const problem of problems) process.stderr.write(`package-lock.json: ${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
