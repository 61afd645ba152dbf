import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/**
 * The parts of `src`, from the top down. A part may import from those below it, and from none beside or above
 * it. docs/architecture.md draws the same.
 */
const layers: readonly (readonly string[])[] = [
  ['cli'],
  ['demo', 'doctor'],
  ['http', 'housekeeping', 'cluster'],
  ['claims', 'scopes'],
  ['api-keys', 'allocations'],
  ['request'],
  ['services.ts'],
  ['startup'],
  ['stored-keys', 'idempotency', 'webhooks'],
  ['auth'],
  ['audit'],
  ['config', 'own-tables'],
  ['input'],
  ['panel'],
  ['database'],
  ['panel/env'],
  ['api-error.ts', 'logging.ts', 'metrics.ts', 'operator-error.ts'],
];

/** Packages that only some parts may use, so that what they do can be replaced there. */
const keepers: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'request', 'api-keys', 'allocations', 'claims', 'scopes', 'cli'],
  commander: ['cli'],
  mysql2: ['database'],
  pg: ['database'],
  'node:sqlite': ['database', 'demo'],
  yaml: ['config'],
  'prom-client': ['metrics.ts'],
  ioredis: ['auth'],
  'node:cluster': ['cluster'],
  pino: ['logging.ts'],
};

/** A module of `src`, and what it imports. Paths are from `src`. */
interface Module {
  readonly path: string;
  readonly part: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const modules = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map(readModule);

function readModule(path: string): Module {
  const text = readFileSync(join(root, 'src', path), 'utf8');
  const named = [...text.matchAll(/^(?:import|export)\b[^;]*?['"]([^'"]+)['"];$/gm)].map(
    ([, name = '']) => name,
  );
  const loaded = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map(([, name = '']) => name);
  const all = [...named, ...loaded];
  return {
    path,
    part: partOf(path),
    imports: all.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(path), name))),
    packages: all.filter((name) => !name.startsWith('.')),
  };
}

/** The folder that a module is in, or for a module in none, the module. `panel/env` stands apart from `panel`. */
function partOf(path: string): string {
  if (path.startsWith('panel/env/')) return 'panel/env';
  return path.split('/', 1)[0] ?? path;
}

function depthOf(part: string): number {
  return layers.findIndex((parts) => parts.includes(part));
}

test('every import of a module finds a module', () => {
  const known = new Set(modules.map(({ path }) => path));
  expect(modules.length).toBeGreaterThan(100);
  expect(modules.flatMap(({ imports }) => imports).filter((path) => !known.has(path))).toEqual([]);
});

test('every part has its place', () => {
  const parts = new Set(modules.map(({ part }) => part));
  expect([...parts].filter((part) => depthOf(part) === -1)).toEqual([]);
  expect(layers.flat().filter((part) => !parts.has(part))).toEqual([]);
});

test('imports go downwards only', () => {
  const wrong = modules.flatMap(({ path, part, imports }) =>
    imports
      .filter((target) => partOf(target) !== part && depthOf(partOf(target)) <= depthOf(part))
      .map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('no module imports itself, by whatever way round', () => {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) throw new Error(`imports in a circle: ${[...way, path].join(' -> ')}`);
    if (done.has(path)) return;
    for (const target of byPath.get(path)?.imports ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of modules) visit(path, []);
});

test('panels know nothing of each other, and only the detection knows them', () => {
  const panelOf = (path: string) => /^panel\/(pterodactyl|pelican)\//.exec(path)?.[1];
  const wrong = modules.flatMap(({ path, imports }) =>
    imports
      .filter((target) => panelOf(target) !== undefined && panelOf(target) !== panelOf(path))
      .filter(() => path !== 'panel/detect.ts')
      .map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test.each(Object.entries(keepers))('%s is used where it is kept', (name, parts) => {
  const isIt = (used: string) => used === name || used.startsWith(`${name}/`);
  const users = modules.filter(({ packages }) => packages.some(isIt)).map(({ part }) => part);
  expect(users).not.toEqual([]);
  expect([...new Set(users)].filter((part) => !parts.includes(part))).toEqual([]);
});

test('no file is larger than can be read in one go', () => {
  const large = modules.filter(({ path }) => readFileSync(join(root, 'src', path)).length > 15_000);
  expect(large.map(({ path }) => path)).toEqual([]);
});

describe('docs/architecture.md', () => {
  test('names every folder of the source', () => {
    const folders = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    expect(folders.filter((folder) => !architecture.includes(`\`${folder}/\``))).toEqual([]);
  });

  test('names no folder or file that is not there', () => {
    const named = [...architecture.matchAll(/`((?:src|test|docs|bench|scripts)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named).not.toEqual([]);
    const missing = named.filter((path) => {
      const entries = readdirSync(join(root, dirname(path)));
      return !entries.includes(path.replace(/\/$/, '').split('/').at(-1) ?? '');
    });
    expect(missing).toEqual([]);
  });

  test('draws the layers in the order that is checked', () => {
    const drawing = /^```\n([\s\S]*?)^```/m.exec(architecture)?.[1] ?? '';
    const drawn = [...drawing.matchAll(/^\s*\|([^|]*)\|/gm)]
      .map(([, line = '']) => line.trim().split(/\s{2,}/))
      .filter(([first]) => first !== '');
    expect(drawn).toEqual(layers.map((parts) => [...parts]));
  });
});
