import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfTimes } from '../../bench/profile.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-profile-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const project = pathToFileURL(join(import.meta.dirname, '..', '..')).href;

function node(id: number, functionName: string, url: string) {
  return { id, callFrame: { functionName, url, lineNumber: 9 } };
}

/** A profile that begins at 1,000,000 µs and took a sample every 10,000 µs. */
function write(samples: readonly number[]): string {
  const file = join(folder, 'some.cpuprofile');
  const nodes = [
    node(1, '(idle)', ''),
    node(2, '(garbage collector)', ''),
    node(3, 'load', `${project}/src/database/batcher.ts`),
    node(4, '', `${project}/node_modules/@scope/thing/lib/index.js`),
    node(5, 'writev', ''),
  ];
  const timeDeltas = samples.map(() => 10_000);
  writeFileSync(file, JSON.stringify({ nodes, startTime: 1_000_000, samples, timeDeltas }));
  return file;
}

const always = { from: 0, to: Number.POSITIVE_INFINITY };

test('adds up the busy time by package', () => {
  const file = write([1, 1, 3, 3, 4, 3, 2, 5]);

  expect(selfTimes(file, 'package', always)).toEqual([
    { name: 'src/database', ms: 30, share: 0.5 },
    { name: '@scope/thing', ms: 10, share: 1 / 6 },
    { name: '(garbage collector)', ms: 10, share: 1 / 6 },
    { name: 'node', ms: 10, share: 1 / 6 },
  ]);
});

test('adds it up by function, with the line as an editor counts it', () => {
  expect(selfTimes(write([3, 4, 3, 5]), 'function', always)).toEqual([
    { name: 'load src/database/batcher.ts:10', ms: 20, share: 0.5 },
    { name: '(anonymous) node_modules/@scope/thing/lib/index.js:10', ms: 10, share: 0.25 },
    { name: 'writev', ms: 10, share: 0.25 },
  ]);
});

test('leaves out what is not in the span', () => {
  const file = write([3, 3, 5, 3]);

  expect(selfTimes(file, 'function', { from: 1_015_000, to: 1_035_000 })).toEqual([
    { name: 'load src/database/batcher.ts:10', ms: 10, share: 0.5 },
    { name: 'writev', ms: 10, share: 0.5 },
  ]);
});
