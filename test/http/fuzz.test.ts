import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf, type Sent, sendBytes } from '../support/client.ts';
import { type Sidecar, startSidecar } from '../support/sidecar.ts';

/** Of each property, in milliseconds; what it can't try in one run it tries in another. */
const timeLimit = 2_000;
const method = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('GET', 'POST', 'POST', 'DELETE') },
  fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE'),
);
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const escaped = text.map((value) => encodeURIComponent(value.toWellFormed()));
const id = fc.oneof(
  // The second user is no admin, and the third row is the node.
  { weight: 8, arbitrary: fc.constantFrom('1', '2', '2', '2', '3', '4') },
  fc.oneof(fc.nat().map(String), escaped),
);
const path = fc.oneof(
  { weight: 6, arbitrary: id.map((user) => `/api/application/users/${user}/api-keys`) },
  { weight: 3, arbitrary: id.map((node) => `/api/application/nodes/${node}/allocations/free`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(id, fc.oneof(fc.stringMatching(/^[A-Za-z0-9_]{16}$/), escaped))
      .map(([user, identifier]) => `/api/application/users/${user}/api-keys/${identifier}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        id,
        fc.constantFrom('revoke', ...['rotate', 'disable', 'enable'].map((verb) => `seeded00001/${verb}`)),
      )
      .map(([user, rest]) => `/api/application/users/${user}/api-keys/${rest}`),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('api-keys', 'api-keys/revoke', 'allocations/free', 'allocations/claims'),
        fc.constantFrom('', '', '', '/01890000-0000-7000-8000-000000000000', '/7/extend', '/7/replace'),
      )
      .map(([list, rest]) => `/api/application/${list}${rest}`),
  },
  { weight: 1, arbitrary: fc.webPath().map((text) => `/${text}`) },
  { weight: 1, arbitrary: fc.stringMatching(/^\/[!-~]{0,40}$/) },
);
const queryName = fc.constantFrom(
  'per_page',
  'page',
  'include',
  'description',
  'allowed_ips',
  'a[b]',
  ...['cursor', 'sort', 'fields', 'filter', 'filter[port]', 'filter[user]', 'filter[expires_before]'],
  ...['consecutive', 'summary', 'include_held', 'filter[node_ids]', 'filter[memory]', 'filter[ip]'],
  '__proto__',
);
/** Cursors as this service writes them, for places that need not be there. */
const cursor = fc
  .array(fc.oneof(fc.maxSafeInteger(), fc.integer(), text), { minLength: 1, maxLength: 3 })
  .map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'));
const queryValue = fc.oneof(
  cursor,
  escaped,
  fc.integer().map(String),
  fc.double().map(String),
  fc.stringMatching(/^[!-~]{0,9}$/),
);
/** Fields whose values get as far as the database. */
const wellNamed = fc.oneof(
  fc.tuple(fc.constant('cursor'), fc.constant(''), cursor),
  fc.tuple(fc.constantFrom('filter[description]', 'filter[reference]'), fc.constant(''), escaped),
);
const anyField = fc.tuple(queryName, fc.constantFrom('', '', '[]', '[0]', '[x][y]', '[', ']'), queryValue);
const query = fc
  .array(fc.oneof(anyField, wellNamed), { maxLength: 4 })
  .map((parts) => parts.map(([name, index, value]) => `${name}${index}=${value}`).join('&'))
  .map((parts) => (parts === '' ? '' : `?${parts.replaceAll('#', '')}`));

/** As long as a key, and like one but for a character or two. */
const nearKey = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9_]{48}$/), fc.nat(47), fc.oneof(fc.constant('\0'), text))
  .map(([key, at, odd]) => [...key].toSpliced(at, 1, [...odd][0] ?? '-').join(''));

const ip = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.ipV4()).map((pair) => pair.join('-')),
);
const entry = fc.oneof(
  ip,
  text,
  fc.tuple(ip, fc.integer({ min: -1, max: 130 })).map((pair) => pair.join('/')),
);
const leakedKeys = fc.oneof(
  { weight: 3, arbitrary: fc.array(nearKey, { minLength: 1, maxLength: 10 }) },
  fc.array(text),
  fc.jsonValue(),
);
const fields = fc.oneof(
  fc.record(
    {
      description: fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue()),
      allowed_ips: fc.oneof(fc.array(entry), fc.dictionary(text, entry), fc.jsonValue()),
      _method: fc.constant('DELETE'),
      ...{
        expires_at: fc.oneof(text, fc.jsonValue()),
        expires_in: fc.jsonValue(),
        reference: fc.jsonValue(),
      },
      ...{ permissions: fc.jsonValue(), servers: fc.jsonValue(), grace_seconds: fc.jsonValue() },
      ...{ all: fc.jsonValue(), except: fc.jsonValue(), keys: leakedKeys },
      ...{ count: fc.oneof(fc.nat(5), fc.jsonValue()), node_ids: fc.jsonValue(), memory: fc.jsonValue() },
      ...{ consecutive: fc.boolean(), port_range: fc.oneof(text, fc.jsonValue()), prefer: fc.jsonValue() },
      ...{ ttl_seconds: fc.jsonValue(), ip: fc.oneof(ip, fc.jsonValue()) },
    },
    { requiredKeys: ['description'] },
  ),
  fc.jsonValue(),
);
const body = fc.oneof(
  { weight: 4, arbitrary: fields.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fields.map((value) => JSON.stringify(value).slice(0, -1)) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: query.map((parts) => parts.slice(1)) },
);
const contentType = fc.constantFrom(
  ...['application/json', 'application/json', 'application/json', 'application/x-www-form-urlencoded'],
  ...[
    'multipart/form-data; boundary=B',
    'multipart/form-data',
    'text/plain',
    'application/vnd.api+json',
    ';',
  ],
);
const headerText = fc.stringMatching(/^[!-~\u00a1-\u00ff][ -~\u00a1-\u00ff]{0,30}$/);
const header = fc.tuple(
  fc.constantFrom(
    'accept',
    'x-forwarded-for',
    'x-forwarded-host',
    'origin',
    'cookie',
    'range',
    'x-http-method-override',
  ),
  headerText,
);

const request = fc.record({
  ...{
    method,
    path,
    query,
    body: fc.option(body, { freq: 9 }),
    contentType: fc.option(contentType, { freq: 9 }),
  },
  headers: fc.array(header, { maxLength: 2 }),
  caller: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(3) },
    fc.constant(null),
    headerText,
  ),
});

/** Requests that are in order but for values which only the database could refuse. */
const nearlyRight = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('api-keys', 'users/2/api-keys', 'allocations/free', 'nodes/3/allocations/free'),
      wellNamed,
    )
    .map(([list, [name, , value]]) => ({ path: `/api/application/${list}?${name}=${value}` })),
  fc.tuple(fc.array(nearKey, { minLength: 1, maxLength: 10 }), fc.boolean()).map(([keys, isAnonymous]) => ({
    ...{ method: 'POST', path: '/api/application/api-keys/revoke', body: { keys } },
    ...(isAnonymous ? { key: '' } : {}),
  })),
);

function toSent(
  made: typeof request extends fc.Arbitrary<infer Request> ? Request : never,
  bearers: readonly string[],
): Sent {
  const authorization = typeof made.caller === 'number' ? `Bearer ${bearers[made.caller]}` : made.caller;
  return {
    ...{ method: made.method, path: made.path + made.query },
    headers: {
      ...Object.fromEntries(made.headers),
      ...(authorization === null ? {} : { authorization }),
      ...(made.contentType === null ? {} : { 'content-type': made.contentType }),
    },
    ...(made.body === null ? {} : { body: made.body }),
  };
}

function check(answer: Answer, sent: Sent): void {
  expect(answer.status).toBeLessThan(500);
  if (sent.method === 'HEAD') expect(answer.text).toBe('');
  else if (answer.status >= 400) errorsOf(answer);
}

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let bearers: string[];
  beforeAll(async () => {
    sidecar = await startSidecar(cell, {
      env: { CLIENT_API_MAX_KEYS_PER_USER: '10000' },
      ownTables: true,
    });
    const { seed } = sidecar;
    // The rows that small numbers in the requests name.
    const admin = await seed.user({ admin: true });
    const user = await seed.user();
    await seed.node(30);
    const keys = [
      await seed.key(admin),
      await seed.key(admin, { type: 1 }),
      await seed.key(user, { type: 1 }),
      await seed.key(admin, { acl: 1 }),
    ];
    bearers = keys.map(({ bearer }) => bearer);
  });
  afterAll(() => sidecar.close());

  it('no request is answered with a server error, or refused in another shape than the envelope', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (made) => {
        const sent = toSent(made, bearers);
        check(await sidecar.send(sent), sent);
      }),
      { numRuns: 5000, interruptAfterTimeLimit: timeLimit },
    );
  });

  it('nor one that is in order but for values that the database cannot take', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyRight, async (made) => {
        const sent = { key: bearers[0] ?? '', ...made };
        check(await sidecar.send(sent), sent);
      }),
      { numRuns: 5000, interruptAfterTimeLimit: timeLimit },
    );
  });

  it('nor are many at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 20, maxLength: 40 }), async (many) => {
        await Promise.all(
          many.map(async (made) => {
            const sent = toSent(made, bearers);
            check(await sidecar.send(sent), sent);
          }),
        );
      }),
      { numRuns: 200, interruptAfterTimeLimit: timeLimit },
    );
  });

  it('bytes that may be HTTP or not do not end the service', async () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary-ascii' }),
      fc.constantFrom('Host: x', 'Content-Length: 5'),
    );
    const bytes = fc
      .tuple(
        fc.constantFrom('GET', 'POST', ''),
        fc.constantFrom('/', '*', '/healthz', ''),
        fc.array(line, { maxLength: 4 }),
      )
      .map(([verb, target, lines]) => [`${verb} ${target} HTTP/1.0`, ...lines, '', ''].join('\r\n'));
    await fc.assert(
      fc.asyncProperty(bytes, async (raw) => {
        const received = await sendBytes(sidecar.service.url, raw, true);
        if (received !== '') expect(received).toMatch(/^HTTP\/1\.1 [1-4]\d\d /);
      }),
      { numRuns: 300, interruptAfterTimeLimit: timeLimit },
    );
    expect((await sidecar.send({ path: '/healthz' })).status).toBe(200);
  });

  it('the log tells of no unexpected error after all that', () => {
    const errors = sidecar.service.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
    expect(errors).toEqual([]);
  });
});
