import fc from 'fast-check';
import type { Answer, Sent } from '../support/client.ts';
import { body, escaped, headerText, query } from './fuzz-values.ts';

const api = '/api/application';
const key = `${api}/users/{user}/api-keys/{key}`;
const claims = `${api}/allocations/claims`;
/** Every route, several times where there is most to go wrong. */
const routes: readonly (readonly [method: string, path: string])[] = [
  ...Array.from({ length: 4 }, () => ['POST', `${api}/users/{user}/api-keys`] as const),
  ['GET', `${api}/users/{user}/api-keys`],
  ['GET', key],
  ['PATCH', key],
  ['PATCH', key],
  ['DELETE', key],
  ['POST', `${key}/rotate`],
  ['POST', `${key}/disable`],
  ['POST', `${key}/enable`],
  ['POST', `${api}/users/{user}/api-keys/revoke`],
  ['GET', `${api}/api-keys`],
  ['GET', `${api}/api-keys`],
  ['POST', `${api}/api-keys/revoke`],
  ['GET', `${api}/nodes/{node}/allocations/free`],
  ['GET', `${api}/allocations/free`],
  ['GET', `${api}/allocations/free`],
  ['POST', claims],
  ['POST', claims],
  ['GET', `${claims}/{claim}`],
  ['DELETE', `${claims}/{claim}`],
  ['POST', `${claims}/{claim}/extend`],
  ['POST', `${claims}/{claim}/replace`],
  ['GET', '/authorize'],
  ['GET', '/authorize'],
  ...['/healthz', '/readyz', '/metrics', '/openapi.json'].map((path) => ['GET', path] as const),
];
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'];

const path = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...routes) },
  { weight: 1, arbitrary: fc.webPath().map((text) => ['GET', `/${text}`] as const) },
  { weight: 1, arbitrary: fc.stringMatching(/^\/[!-~]{0,40}$/).map((text) => ['GET', text] as const) },
);

const contentType = fc.constantFrom(
  ...Array.from({ length: 9 }, () => 'application/json'),
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=B', 'multipart/form-data'],
  ...['text/plain', 'application/vnd.api+json', ';'],
);
const header = fc.tuple(
  fc.constantFrom(
    ...['accept', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'origin', 'cookie', 'range'],
    ...[
      'x-http-method-override',
      'idempotency-key',
      'x-original-method',
      'content-encoding',
      'if-none-match',
    ],
  ),
  headerText,
);

/** A request in the making: what it names is put in when it is sent. */
export const madeRequest = fc.record({
  route: path,
  /** In place of the route's own, now and then. */
  method: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...methods) },
  ),
  query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: query }),
  body: fc.option(body, { freq: 9 }),
  contentType: fc.option(contentType, { freq: 15 }),
  headers: fc.array(header, { maxLength: 2 }),
  /** Which of what there is, or something that is not there. */
  names: fc.record({
    user: fc.option(fc.nat(), { freq: 12 }),
    node: fc.option(fc.nat(), { freq: 12 }),
    key: fc.option(fc.nat(), { freq: 9 }),
    claim: fc.option(fc.nat(), { freq: 9 }),
    absent: fc.oneof(escaped, fc.nat().map(String), fc.stringMatching(/^[A-Za-z0-9_]{16}$/)),
  }),
  /** Which bearer, or none, or something in its place. */
  caller: fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.nat() },
    fc.constant(null),
    headerText,
    headerText.map((token) => `Bearer ${token}`),
  ),
  /** What the web server asks about. */
  asked: fc.tuple(
    fc.constantFrom(...methods),
    fc.oneof(
      escaped.map((part) => `/api/client/${part}`),
      fc.stringMatching(/^\/[!-~]{0,40}$/),
    ),
  ),
});

/** What `madeRequest` makes. */
export type MadeRequest = typeof madeRequest extends fc.Arbitrary<infer Made> ? Made : never;

/** What requests can name. Keys and claims that answers tell of are among it from then on. */
export class Known {
  readonly users: number[] = [];
  readonly nodes: number[] = [];
  readonly bearers: string[] = [];
  readonly #keys: { readonly user: string; readonly identifier: string }[] = [];
  readonly #claims: string[] = [];

  /** The request to send. */
  toSent(made: MadeRequest): Sent {
    const { names, caller } = made;
    const found = pick(this.#keys, names.key);
    const parts = {
      user: found?.user ?? pick(this.users, names.user) ?? names.absent,
      node: pick(this.nodes, names.node) ?? names.absent,
      key: found?.identifier ?? names.absent,
      claim: pick(this.#claims, names.claim) ?? names.absent,
    };
    const [method, template] = made.route;
    const path = template.replaceAll(/\{(user|node|key|claim)\}/g, (_, name) =>
      String(parts[name as keyof typeof parts]),
    );
    const authorization = typeof caller === 'number' ? `Bearer ${pick(this.bearers, caller)}` : caller;
    return {
      ...{ method: made.method ?? method, path: path + made.query },
      headers: {
        ...(template === '/authorize'
          ? { 'x-original-method': made.asked[0], 'x-original-uri': made.asked[1] }
          : {}),
        ...Object.fromEntries(made.headers),
        ...(authorization === null ? {} : { authorization }),
        ...(made.contentType === null ? {} : { 'content-type': made.contentType }),
      },
      ...(made.body === null ? {} : { body: made.body }),
    };
  }

  /** Remembers what an answer has made. */
  learn({ path }: Sent, { json, status }: Answer): void {
    const { object, attributes = {} } = (json ?? {}) as {
      object?: string;
      attributes?: Record<string, unknown>;
    };
    if (status >= 300) return;
    const user = /\/users\/(\d+)\//.exec(path)?.[1];
    if (object === 'api_key' && user !== undefined) {
      this.#keys.push({ user, identifier: String(attributes.identifier) });
    }
    if (object === 'allocation_claim') this.#claims.push(String(attributes.id));
  }
}

/** The newer ones, as older ones may be gone. */
function pick<Item>(items: readonly Item[], index: number | null): Item | undefined {
  return index === null ? undefined : items[items.length - 1 - (index % Math.min(items.length, 50))];
}
