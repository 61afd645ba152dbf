import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readDocument } from './markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const markdown = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
const documents = [...markdown('.'), ...markdown('docs').map((name) => `docs/${name}`)];

test('the project has the documents that a visitor looks for', () => {
  expect(documents).toEqual(
    expect.arrayContaining([
      ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
      ...['docs/architecture.md', 'docs/compatibility.md'],
    ]),
  );
  expect(existsSync(join(root, 'LICENSE'))).toBe(true);
});

describe.each(documents)('%s', (document) => {
  const prose = readDocument(document).replaceAll(/^```[\s\S]*?^```$/gm, '');

  test('links to files and headings that exist', () => {
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const local = links.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !resolves(document, target))).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> };
    const text = readDocument(document);
    const named = [...text.matchAll(/\bnpm (?:run ([\w-]+)|(test)\b)/g)].map(([, run, test]) => run ?? test);
    expect(named.filter((name) => name === undefined || scripts[name] === undefined)).toEqual([]);
  });
});

test('the README names the two commands', () => {
  const readme = readDocument('README.md');
  expect(readme).toContain('```sh\nnpm ci && npm run demo\n```');
  expect(readme).toContain('```sh\nnpm ci && npm test\n```');
});

test('each difference says what the panel does, what is done here, and why', () => {
  const [, ...sections] = readDocument('docs/compatibility.md').split(/^## /m);
  expect(sections.length).toBeGreaterThan(20);
  for (const section of sections) {
    const bullets = [...section.matchAll(/^- (The panel|Here|Why): \S/gm)].map(([, name]) => name);
    expect([section.split('\n', 1)[0], bullets]).toEqual([
      section.split('\n', 1)[0],
      ['The panel', 'Here', 'Why'],
    ]);
  }
});

function resolves(document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, document) : join(root, dirname(document), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).has(anchor);
}

/** The names that a Markdown renderer gives to headings. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\w\s-]/g, '').replaceAll(' ', '-')));
}
