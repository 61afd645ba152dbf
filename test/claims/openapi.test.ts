import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import { describeApi } from '../../src/http/document.ts';

interface Body {
  readonly content?: Readonly<Record<string, Media>>;
}

/** One example stands by itself, several have names. */
interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
}

const document = (await describeApi(loadSettings(null, () => null))) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(document.paths)
  .filter(([path]) => path.includes('allocations'))
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method} ${path.replace('/api/application/', '')}`,
      operation,
    })),
  );

test('the document has every operation on ports and claims', () => {
  expect(operations.map(({ name, operation }) => `${name}: ${operation.operationId}`)).toEqual([
    'get nodes/{node}/allocations/free: listFreeAllocations',
    'get allocations/free: listFreeAllocationsOfNodes',
    'post allocations/claims: claimAllocations',
    'get allocations/claims/{claim}: getAllocationClaim',
    'delete allocations/claims/{claim}: releaseAllocationClaim',
    'post allocations/claims/{claim}/extend: extendAllocationClaim',
    'post allocations/claims/{claim}/replace: replaceAllocationClaim',
  ]);
});

const withBodies = operations.flatMap(({ name, operation }) =>
  [operation.requestBody, operation.responses['200'], operation.responses['201']]
    .flatMap((body) => Object.values(body?.content ?? {}))
    .map((media) => ({ name, media })),
);

test('every operation but a release has bodies', () => {
  expect(new Set(withBodies.map(({ name }) => name)).size).toBe(operations.length - 1);
});

test.each(withBodies)('examples of $name keep to their schema', ({ media }) => {
  const examples = [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)];
  const given = examples.filter((example) => example !== undefined);
  expect(given.length).toBeGreaterThan(0);
  const isValid = new Ajv({ strict: false, validateFormats: false }).compile(media.schema);
  for (const example of given) {
    isValid(example);
    expect(isValid.errors ?? []).toEqual([]);
  }
});
