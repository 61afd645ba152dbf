import Ajv2020 from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import { describeApi } from '../../src/http/document.ts';
import { parseForm } from '../../src/input/query.ts';

/** One example stands by itself, several have names. */
interface Content {
  readonly 'application/json'?: {
    readonly schema: object;
    readonly example?: unknown;
    readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
  readonly parameters?: readonly Parameter[];
  readonly security?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly type?: string };
  readonly style?: string;
  readonly example?: unknown;
}

const { paths } = (await describeApi(loadSettings(null, () => null))) as {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);
const operationAt = (name: string) => {
  const found = operations.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`the document has no ${name}`);
  return found.operation;
};

const user = '/api/application/users/{user}/api-keys';
const claims = '/api/application/allocations/claims';
const lists = [
  'GET /api/application/nodes/{node}/allocations/free',
  'GET /api/application/allocations/free',
] as const;

describe('the OpenAPI document', () => {
  it('holds every route', () => {
    expect(
      Object.fromEntries(operations.map(({ name, operation }) => [name, operation.operationId])),
    ).toEqual({
      [`GET ${user}`]: 'listApiKeys',
      [`POST ${user}`]: 'createApiKey',
      [`POST ${user}/revoke`]: 'revokeApiKeys',
      [`GET ${user}/{identifier}`]: 'getApiKey',
      [`PATCH ${user}/{identifier}`]: 'changeApiKey',
      [`DELETE ${user}/{identifier}`]: 'deleteApiKey',
      [`POST ${user}/{identifier}/rotate`]: 'rotateApiKey',
      [`POST ${user}/{identifier}/disable`]: 'disableApiKey',
      [`POST ${user}/{identifier}/enable`]: 'enableApiKey',
      'GET /api/application/api-keys': 'searchApiKeys',
      'POST /api/application/api-keys/revoke': 'revokeLeakedApiKeys',
      'GET /api/application/nodes/{node}/allocations/free': 'listFreeAllocations',
      'GET /api/application/allocations/free': 'listFreeAllocationsOfNodes',
      [`POST ${claims}`]: 'claimAllocations',
      [`GET ${claims}/{claim}`]: 'getAllocationClaim',
      [`DELETE ${claims}/{claim}`]: 'releaseAllocationClaim',
      [`POST ${claims}/{claim}/extend`]: 'extendAllocationClaim',
      [`POST ${claims}/{claim}/replace`]: 'replaceAllocationClaim',
    });
  });

  it.each(operations)(
    '$name shows an example of all that is sent and answered, and it fits',
    ({ operation }) => {
      const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
      const contents = [
        ...(operation.requestBody === undefined ? [] : [operation.requestBody.content]),
        ...Object.values(operation.responses).flatMap(({ content }) =>
          content === undefined ? [] : [content],
        ),
      ];
      for (const { 'application/json': json } of contents) {
        const examples = Object.values(json?.examples ?? {}).map(({ value }) => value);
        if (json?.example !== undefined) examples.push(json.example);
        expect(examples).not.toEqual([]);
        const validate = ajv.compile(json?.schema ?? {});
        for (const example of examples) {
          expect([validate(example), validate.errors]).toEqual([true, null]);
        }
      }
      for (const [status, { description }] of Object.entries(operation.responses)) {
        expect([status, description]).not.toEqual([status, 'Default Response']);
      }
    },
  );

  it('says of the filters how they are written', () => {
    for (const name of [`GET ${user}`, 'GET /api/application/api-keys', ...lists]) {
      const filter = operationAt(name).parameters?.find((parameter) => parameter.name === 'filter');
      expect(filter).toMatchObject({
        in: 'query',
        style: 'deepObject',
        explode: true,
        schema: { type: 'object' },
      });
      // What that style means is what this service reads.
      const [[first, value] = []] = Object.entries(filter?.example ?? {});
      expect(parseForm(`filter[${first}]=${value}`)).toMatchObject({
        filter: { [String(first)]: String(value) },
      });
    }
  });

  it('names the filters of ports', () => {
    const fieldsOf = (name: string) => {
      const filter = operationAt(name).parameters?.find((parameter) => parameter.name === 'filter');
      return Object.keys((filter?.schema as { properties?: object } | undefined)?.properties ?? {});
    };
    const [ofNode = '', acrossNodes = ''] = lists;
    const ports = ['ip', 'port', 'alias'];
    expect(fieldsOf(ofNode)).toEqual(ports);
    expect(fieldsOf(acrossNodes)).toEqual([
      ...ports,
      ...['node_ids', 'location_ids', 'memory', 'disk', 'tags', 'public'],
    ]);
  });

  it('says how a claim is refused, and how a repeat is known', () => {
    const { responses } = operationAt(`POST ${claims}`);
    const codes = [409, 429, 501].map((status) => {
      const example = responses[status]?.content?.['application/json']?.example;
      const { errors = [] } = (example ?? {}) as { errors?: { code: string; status: string }[] };
      return errors.map(({ code, status: text }) => `${text} ${code}`);
    });
    expect(codes).toEqual([['409 no_free_allocation'], ['429 claims_limit'], ['501 MigrationRequired']]);
    expect(responses[201]).toMatchObject({
      headers: { 'idempotent-replayed': { schema: { type: 'string' } } },
    });
    expect(Object.keys(operationAt(`GET ${claims}/{claim}`).responses)).toContain('501');
  });

  it('says which creations can be repeated, and what needs no key', () => {
    const withHeader = operations
      .filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'idempotency-key'))
      .map(({ operation }) => operation.operationId);
    expect(withHeader.sort()).toEqual(['claimAllocations', 'createApiKey', 'rotateApiKey']);
    const open = operations.filter(({ operation }) => operation.security !== undefined);
    expect(open.map(({ operation }) => [operation.operationId, operation.security])).toEqual([
      ['revokeLeakedApiKeys', [{}, { bearer: [] }]],
    ]);
  });
});
