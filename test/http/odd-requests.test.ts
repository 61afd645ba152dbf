import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf, refusalOf, sendBytes } from '../support/client.ts';
import { activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let user: SeededUser;
  let own: SeededKey;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    user = await sidecar.seed.user();
    own = await sidecar.seed.key(user, { type: 1 });
  });
  afterAll(() => sidecar.close());

  const json = { 'content-type': 'application/json' };
  const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';
  const unrouted = (path: string) => `404 NotFoundHttpException: The route ${path} could not be found.`;

  describe('habits of clients that are served', () => {
    it.each<[string, Record<string, unknown>]>([
      ['a Content-Type without a body', { headers: json }],
      ['an odd Content-Type without a body', { headers: { 'content-type': '/' } }],
      ['a multipart Content-Type without a body', { headers: { 'content-type': 'multipart/form-data' } }],
      ['a body on GET', { headers: json, body: '{"a":1}' }],
      ['a malformed body on GET', { headers: json, body: '{' }],
      ['a chunked body on GET', { headers: { ...json, 'transfer-encoding': 'chunked' }, body: '{}' }],
      ['a length of zero', { headers: { ...json, 'content-length': '0' } }],
      ['an Accept for HTML', { headers: { accept: 'text/html' } }],
      ['an Accept that is nonsense', { headers: { accept: ';;;q=x' } }],
      ['an empty Accept', { headers: { accept: '' } }],
      ['a version in Accept-Version', { headers: { 'accept-version': '9.9.9' } }],
      ['an expectation of 100-continue', { headers: { expect: '100-continue' } }],
      ['an upgrade that is not offered', { headers: { connection: 'upgrade', upgrade: 'websocket' } }],
      ['conditional headers', { headers: { 'if-none-match': '*', range: 'bytes=0-1' } }],
      ['compression asked for', { headers: { 'accept-encoding': 'gzip, br' } }],
      ['cookies of the panel', { headers: { cookie: 'pterodactyl_session=x; XSRF-TOKEN=y' } }],
    ])('%s', async (_, request) => {
      const answer = await sidecar.send({ path: keysOf(user), key: key.bearer, ...request });
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({
        object: 'list',
        data: [{ attributes: { identifier: own.identifier } }],
      });
      expect(answer.headers['content-type']).toBe('application/json');
    });

    it.each([
      ['one trailing slash', (path: string) => `${path}/`],
      ['many trailing slashes', (path: string) => `${path}///`],
      ['trailing slashes before a query', (path: string) => `${path}//?x=a//`],
      ['a query', (path: string) => `${path}?x=1&x[]=2&&=&%zz`],
      ['a bare question mark', (path: string) => `${path}?`],
      ['escaped letters in the path', (path: string) => path.replace('api-keys', '%61pi-keys')],
      ['an absolute address', (path: string) => `http://elsewhere.test${path}`],
    ])('%s', async (_, spell) => {
      const answer = await sidecar.send({ path: spell(keysOf(user)), key: key.bearer });
      expect(answer.json).toMatchObject({ data: [{ attributes: { identifier: own.identifier } }] });
    });

    it('no Accept at all, and an answer of 404 in JSON to it', async () => {
      const raw = `GET ${keysOf({ id: 999 })} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.bearer}\r\nConnection: close\r\n\r\n`;
      const received = await sendBytes(sidecar.service.url, raw);
      expect(received).toMatch(/^HTTP\/1\.1 404 /);
      expect(received.toLowerCase()).toContain('\r\ncontent-type: application/json\r\n');
    });

    it('HTTP/1.0 without a Host', async () => {
      const raw = `GET ${keysOf(user)} HTTP/1.0\r\nAuthorization: Bearer ${key.bearer}\r\n\r\n`;
      const received = await sendBytes(sidecar.service.url, raw);
      expect(received).toMatch(/^HTTP\/1\.1 200 /);
      expect(received).toContain(own.identifier);
    });

    it('HEAD, which answers like GET with no body, and is recorded', async () => {
      const answer = await sidecar.send({ method: 'HEAD', path: keysOf(user), key: key.bearer });
      expect(answer.status).toBe(200);
      expect(answer.text).toBe('');
      expect(Number(answer.headers['content-length'])).toBeGreaterThan(100);
      expect((await sidecar.send({ method: 'HEAD', path: keysOf(user) })).status).toBe(401);
    });

    it.each<[string, Record<string, unknown>]>([
      ['nothing', {}],
      ['a Content-Type without a body', { headers: json }],
      [
        'a form’s Content-Type without a body',
        { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      ],
      ['a body', { headers: json, body: '{"x":1}' }],
      ['a trailing slash', { slash: '/' }],
    ])('DELETE with %s', async (_, { slash = '', ...request }) => {
      const doomed = await sidecar.seed.key(user, { type: 1 });
      const path = `${keysOf(user)}/${doomed.identifier}${slash}`;
      const answer = await sidecar.send({ method: 'DELETE', path, key: key.bearer, ...request });
      expect(answer.status).toBe(204);
      expect(answer.text).toBe('');
    });

    it('but DELETE with a malformed JSON body is 400, as in the panel', async () => {
      const path = `${keysOf(user)}/${own.identifier}`;
      const answer = await sidecar.send({
        method: 'DELETE',
        path,
        key: key.bearer,
        headers: json,
        body: '{',
      });
      expect(refusalOf(answer)).toContain('400 BadRequestHttpException: The JSON data');
    });
  });

  describe('a verb cannot be disguised', () => {
    it.each<[string, string, Record<string, unknown>]>([
      ['_method in JSON', '', { body: { _method: 'DELETE' } }],
      [
        '_method in a form',
        '',
        { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '_method=DELETE' },
      ],
      ['_method in the query', '?_method=DELETE', {}],
      ['X-HTTP-Method-Override', '', { headers: { 'x-http-method-override': 'DELETE' } }],
      ['X-HTTP-Method', '', { headers: { 'x-http-method': 'DELETE' } }],
      ['X-Method-Override', '', { headers: { 'x-method-override': 'DELETE' } }],
    ])('by %s', async (_, query, request) => {
      const path = `${keysOf(user)}/${own.identifier}`;
      const answer = await sidecar.send({ method: 'POST', path: path + query, key: key.bearer, ...request });
      expect(refusalOf(answer)).toBe(
        `405 MethodNotAllowedHttpException: The POST method is not supported for route ${path.slice(1)}. Supported methods: GET, HEAD, PATCH, DELETE.`,
      );
      expect(answer.headers.allow).toBe('GET, HEAD, PATCH, DELETE');
      const kept = await sidecar.panel.query('select id from api_keys where id = ?', [own.id]);
      expect(kept).toHaveLength(1);
    });

    it.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH'])('%s is 405', async (method) => {
      const answer = await sidecar.send({ method, path: keysOf(user), key: key.bearer });
      const [error] = errorsOf(answer);
      expect([answer.status, error?.code]).toEqual([405, 'MethodNotAllowedHttpException']);
      expect(answer.headers.allow).toBe('GET, HEAD, POST');
    });

    it('OPTIONS tells the verbs', async () => {
      const answer = await sidecar.send({ method: 'OPTIONS', path: keysOf(user) });
      expect([answer.status, answer.headers.allow]).toEqual([200, 'GET,HEAD,POST']);
    });
  });

  describe('ids', () => {
    it.each(
      [
        ['0', '1003abc', '01', '-1', '+1', '1.0', '1e3', '0x1', '%20', '1%20', '%001', '1%00', 'null', 'NaN'],
        ['4294967296', '9999999999', '10000000000', '18446744073709551616', '9'.repeat(20), '9'.repeat(400)],
        [
          '١',
          '１',
          '%EF%BC%91',
          '1;x',
          '1,2',
          "1'",
          '1%27%20or%201=1',
          '1%0a',
          '%31%32%33%34%35%36%37%38%39%30%31',
        ],
      ].flat(),
    )('%s names nobody', async (id) => {
      const path = encodeURI(decodeURI(`/api/application/users/${id}/api-keys`));
      expect(
        refusalOf(
          await sidecar.send({
            path: id.includes('%') ? `/api/application/users/${id}/api-keys` : path,
            key: key.bearer,
          }),
        ),
      ).toBe(notFound);
      const free = id.includes('%')
        ? `/api/application/nodes/${id}/allocations/free`
        : encodeURI(freeOn({ id: 0 }).replace('/0/', `/${id}/`));
      expect(refusalOf(await sidecar.send({ path: free, key: key.bearer }))).toBe(notFound);
    });

    it('4294967295, the largest, is looked for', async () => {
      expect(refusalOf(await sidecar.send({ path: keysOf({ id: 4_294_967_295 }), key: key.bearer }))).toBe(
        notFound,
      );
    });

    it('written with escapes are the same ids', async () => {
      const path = `/api/application/users/${[...String(user.id)].map((digit) => `%3${digit}`).join('')}/api-keys`;
      expect((await sidecar.send({ path, key: key.bearer })).status).toBe(200);
    });
  });

  describe('paths that are no routes', () => {
    it.each([
      '/',
      '/api',
      '/api/application',
      '/api/application/users',
      '/api/application/users/1',
      '/api/application/users//api-keys',
      '/api/application//users/1/api-keys',
      '//api/application/users/1/api-keys',
      '/api/application/users/1/api-keys/ptlc_0123456789A/x',
      '/API/application/users/1/api-keys',
      '/api/application/users/1/API-KEYS',
      '/api/application/users/1/api-keys;x',
      '/api/application/users/1%2Fapi-keys',
      '/api/application/users/1/../1/api-keys',
      '/api/application/users/./1/api-keys',
      '/index.php/api/application/users/1/api-keys',
      '/api/client/account/api-keys',
      '/api/application/nodes/1/allocations',
      '/api/application/nodes/1/allocations/free/1',
      '/.env',
      '/docs/../.env',
      '/docs/static/..%2f..%2fpackage.json',
    ])('%s', async (path) => {
      const answer = await sidecar.send({ path, key: key.bearer });
      expect(answer.status).toBe(404);
      expect(errorsOf(answer)[0]?.code).toBe('NotFoundHttpException');
    });

    it('are named in the answer without query and outer slashes', async () => {
      const ask = async (path: string) => refusalOf(await sidecar.send({ path }));
      expect(await ask('/api/nope')).toBe(unrouted('api/nope'));
      expect(await ask('/api/nope/?token=x')).toBe(unrouted('api/nope'));
      expect(await ask('//api/nope///')).toBe(unrouted('api/nope'));
      expect(await ask(`/${keysOf(user)}`)).toBe(unrouted(keysOf(user).slice(1)));
    });

    it('take no longer to be refused for a long run of slashes', async () => {
      const since = performance.now();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => sidecar.send({ path: `/x${'/'.repeat(15_000)}x` })),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
      expect(performance.now() - since).toBeLessThan(1000);
    });

    it('are logged without what could be a key', async () => {
      await sidecar.send({ path: `/x/${key.bearer}?key=${key.bearer}` });
      await sidecar.send({ path: `/api/application/users/1/api-keys/${key.bearer}` });
      expect(sidecar.service.log.join('\n')).not.toContain(key.secret);
    });
  });

  describe('what can hardly be read', () => {
    it.each([
      '/%',
      '/%zz',
      '/api/application/users/%E0%A4%A/api-keys',
      '/api/application/users/%ff/api-keys',
    ])('a path %s is 400', async (path) => {
      const answer = await sidecar.send({ path, key: key.bearer });
      expect(refusalOf(answer)).toBe(
        '400 BadRequestHttpException: The path of the request could not be read.',
      );
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('a parameter of 5000 characters is a 4xx in the envelope', async () => {
      const answer = await sidecar.send({
        path: `/api/application/users/${'1'.repeat(5000)}/api-keys`,
        key: key.bearer,
      });
      expect([400, 404, 414]).toContain(answer.status);
      errorsOf(answer);
    });

    it('an expectation that nobody knows is passed over', async () => {
      const answer = await sidecar.send({
        path: keysOf(user),
        key: key.bearer,
        headers: { expect: 'wonders' },
      });
      expect(answer.status).toBe(200);
    });

    const envelope = (received: string) => JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4));
    it.each([
      ['no HTTP at all', 'hello\r\n\r\n', 400, 'BadRequestHttpException'],
      ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400, 'BadRequestHttpException'],
      ['a broken header', 'GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400, 'BadRequestHttpException'],
      ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: \u0000\r\n\r\n', 400, 'BadRequestHttpException'],
      ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'BadRequestHttpException'],
      [
        'two lengths',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
        400,
        'BadRequestHttpException',
      ],
      [
        'a length and chunks',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
        'BadRequestHttpException',
      ],
      [
        'a negative length',
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
        400,
        'BadRequestHttpException',
      ],
      [
        'headers of 20 KB',
        `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`,
        431,
        'RequestHeaderFieldsTooLargeHttpException',
      ],
    ])('%s is refused in the envelope', async (_, bytes, status, code) => {
      const received = await sendBytes(sidecar.service.url, bytes);
      expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(envelope(received).errors).toMatchObject([{ status: String(status), code }]);
    });

    it('a broken chunk is refused in the envelope', async () => {
      const head = `POST ${keysOf(user)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.bearer}\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const received = await sendBytes(sidecar.service.url, `${head}zz\r\n`);
      expect(envelope(received).errors).toMatchObject([{ status: '400' }]);
    });

    it('none of it ends the service or is recorded', async () => {
      expect((await sidecar.send({ path: '/healthz' })).status).toBe(200);
      expect(
        await activities(sidecar.panel, "event not in ('user:api-key.view', 'user:api-key.delete')"),
      ).toEqual([]);
    });
  });
});
