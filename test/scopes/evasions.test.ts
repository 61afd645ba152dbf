import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendBytes } from '../support/client.ts';
import { keyTakenByPanel } from './as-the-panel.ts';
import { type RawRequest, sendRaw } from './raw-request.ts';
import { type ScopedKey, type ScopedPanel, startScopedPanel } from './scoped-panel.ts';
import { webServerNames } from './web-servers.ts';

const server = '1a2b3c4d';
const keys = '/api/client/account/api-keys';
const account = '/api/client/account';

let scoped: ScopedPanel;
/** Reads the account. */
let reader: ScopedKey;
/** Reads servers, and what backups there are. */
let watcher: ScopedKey;
/** Lists databases, but not their passwords. */
let lister: ScopedKey;
/** May do everything. */
let free: ScopedKey;

beforeAll(async () => {
  scoped = await startScopedPanel();
  reader = await scoped.makeKey({ permissions: ['user.read'] });
  watcher = await scoped.makeKey({ permissions: ['server.read', 'backup.read'] });
  lister = await scoped.makeKey({ permissions: ['database.read'] });
  free = await scoped.makeKey();
});

afterAll(() => scoped?.close());

beforeEach(() => {
  scoped.standIn.take();
});

describe.each(webServerNames)('behind %s', (name) => {
  const ask = (request: RawRequest) => sendRaw(scoped.fronts[name].url, request);
  const bearer = (key: ScopedKey) => `Authorization: Bearer ${key.bearer}`;

  /** Nothing that holds a key reached the panel, and the client was told of no success. */
  async function expectRefused(request: RawRequest): Promise<void> {
    const status = await ask(request);
    const arrived = scoped.standIn.take();
    expect(scoped.violations(arrived)).toEqual([]);
    expect(arrived).toEqual([]);
    expect(status).toBeGreaterThanOrEqual(400);
  }

  async function expectPassed(request: RawRequest): Promise<void> {
    expect(await ask(request)).toBe(200);
    const arrived = scoped.standIn.take();
    expect(scoped.violations(arrived)).toEqual([]);
    expect(
      arrived.map(({ variables, body }) => [variables.REQUEST_METHOD, variables.REQUEST_URI, body]),
    ).toEqual([[request.method ?? 'GET', request.target, request.body ?? '']]);
  }

  test.each([
    keys,
    `${keys}/`,
    `${keys}?page=1`,
    `/index.php${keys}`,
    `/index%2ephp${keys}`,
    `/%69ndex.php${keys}`,
    `/index.php${keys}/x.php`,
    `/index.php${keys.slice(1)}`,
    `/index.php/index.php${keys}`,
    `/INDEX.PHP${keys}`,
    '/%61pi/client/account/api-keys',
    '/%61%70%69/%63lient/account/%61pi%2dkeys',
    '/api%2Fclient/account/api-keys',
    '/api%2fclient%2faccount%2Fapi-keys%2f',
    '/index.php%2Fapi%2Fclient%2Faccount%2Fapi-keys',
    '/%2561pi/client/account/api-keys',
    '/api%252Fclient/account/api-keys',
    `/${keys}`,
    '/api//client/account/api-keys',
    '/api/./client/account/api-keys',
    '/api/%2e/client/account/api-keys',
    '/api/client/../client/account/api-keys',
    '/api/client/%2e%2e/client/account/api-keys',
    `/x/..${keys}`,
    '/api/client;x/account/api-keys',
    `${keys};x`,
    `${keys}%20`,
    `${keys}%00`,
    `${keys}%0a`,
    `${keys}#`,
    `${keys}#?x`,
    '/api/client/account%c0%afapi-keys',
    '/api/client/account%ef%bc%8fapi-keys',
    '/api/client/account\\api-keys',
    '/api/client/account%5capi-keys',
    '/API/client/account/api-keys',
    '/api/client/Account/api-keys',
    '/api/remote/../client/account/api-keys',
    '/api/remote/%2e%2e/client/account/api-keys',
    '/api/remote/servers%2f..%2f..%2fclient/account/api-keys',
    `/api/remote${keys}/..`,
    `/index.php/api/remote/..${keys}`,
    `${keys}?/api/remote/servers`,
    '/panel-sidecar-authorize',
    '/authorize',
    '/api/client/account/ssh-keys',
    '/api/client/account/two-factor',
    '/api/application/users/1/api-keys',
    '/index.php/api/application/users',
    '/api/client/nothing/that/is/known',
    '/',
    '',
    '*',
    'x',
  ])('%s is not for a key that reads the account', async (target) => {
    await expectRefused({ target, lines: [bearer(reader)] });
  });

  test.each([
    account,
    `${account}/`,
    `${account}?include=%61&x[]=%5B`,
    `/index.php${account}`,
    '/index%2Ephp/%61pi/client/account',
    '/%61pi/client/account',
    '/api%2Fclient/account',
    '/api%2Fclient%2faccount%2F',
  ])('%s passes as it was sent', async (target) => {
    await expectPassed({ target, lines: [bearer(reader)] });
  });

  test('another path passes on no connection that a permitted one has opened', async () => {
    const line = `${bearer(reader)}\r\nHost: panel.test\r\n`;
    const first = `GET ${account} HTTP/1.1\r\n${line}\r\n`;
    const second = `GET ${keys} HTTP/1.1\r\n${line}Connection: close\r\n\r\n`;
    const answers = await sendBytes(scoped.fronts[name].url, first + second);
    expect([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '403']);
    expect(scoped.standIn.take().map(({ variables }) => variables.REQUEST_URI)).toEqual([account]);
  });

  describe('however the key is sent:', () => {
    const forms: readonly (readonly [string, () => readonly string[]])[] = [
      ['in lower case', () => [`authorization: bearer ${reader.bearer}`]],
      ['in upper case', () => [`AUTHORIZATION: BEARER ${reader.bearer}`]],
      ['behind a tab', () => [`Authorization:\tBearer ${reader.bearer}`]],
      ['behind another scheme', () => [`Authorization: Basic abc, Bearer ${reader.bearer}`]],
      ['behind a word', () => [`Authorization: x Bearer ${reader.bearer}`]],
      ['with more behind it', () => [`Authorization: Bearer ${reader.bearer}, Basic abc`]],
      ['behind a free key', () => [`Authorization: Bearer ${free.bearer}, Bearer ${reader.bearer}`]],
      ['after a free key', () => [`Authorization: Bearer ${free.bearer} bearer ${reader.bearer}`]],
      ['in a second line', () => [bearer(free), bearer(reader)]],
      ['in the first of two lines', () => [bearer(reader), bearer(free)]],
      ['in a line after an empty one', () => ['Authorization:', bearer(reader)]],
      ['in a line that goes on', () => [`Authorization: Basic abc\r\n Bearer ${reader.bearer}`]],
      ['as a hop-by-hop header', () => [bearer(reader), 'Connection: close, Authorization']],
      ['with a session beside it', () => [bearer(reader), 'Cookie: pterodactyl_session=abc']],
      [
        'in a header for digests, beside another scheme',
        () => [`Php-Auth-Digest: Bearer ${reader.bearer}`, 'Authorization: Basic abc'],
      ],
      ['with a space before the colon', () => [`Authorization : Bearer ${reader.bearer}`]],
    ];

    test.each(forms)('%s', async (_form, lines) => {
      await expectRefused({ target: keys, lines: lines() });
    });
  });

  test.each([
    ...['PHP-Auth-Digest', 'php-auth-digest', 'PHP_Auth_Digest', 'PHP-Auth_Digest', 'PHP-Auth-User'],
    ...['Redirect-Http-Authorization', 'Http-Authorization', 'X-Authorization', 'Proxy-Authorization'],
  ])('no key gets to the panel in %s', async (header) => {
    await ask({ target: keys, lines: [`${header}: Bearer ${reader.bearer}`] });
    expect(scoped.standIn.take().filter((request) => keyTakenByPanel(request) !== null)).toEqual([]);
  });

  test.each([
    ['two free keys in one line', () => [`Authorization: Bearer ${free.bearer}, Bearer ${free.bearer}`]],
    ['a free key in two lines', () => [bearer(free), bearer(free)]],
  ])('%s pass nowhere', async (_form, lines) => {
    await expectRefused({ target: account, lines: lines() });
  });

  test.each([
    [['X-Original-URI: /api/client/account', 'X-Original-Method: GET']],
    [['X-Forwarded-Uri: /api/client/account', 'X-Forwarded-Method: GET']],
    [['X_Original_URI: /api/client/account', 'X_Forwarded_Uri: /api/client/account']],
    [['Connection: close, X-Original-URI, X-Original-Method']],
    [['Connection: close, X-Forwarded-Uri, X-Forwarded-Method', 'X-Forwarded-Uri: /api/client/account']],
    [['X-Original-URL: /api/client/account', 'X-Rewrite-Url: /api/client/account']],
    [['X-Forwarded-Prefix: /api/client/account']],
  ])('headers that claim another request do not count: %j', async (lines) => {
    await expectRefused({ target: keys, lines: [bearer(reader), ...lines] });
  });

  test('a request line with the whole address is judged by its path', async () => {
    await expectRefused({ target: `http://panel.test${keys}`, lines: [bearer(reader)] });
    await expectRefused({ target: `http://panel.test/index.php${keys}?x`, lines: [bearer(reader)] });
  });

  describe('methods', () => {
    const backup = `/api/client/servers/${server}/backups/b`;
    const form = 'Content-Type: application/x-www-form-urlencoded';
    const part = '--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--\r\n';

    test.each<[string, Partial<RawRequest>]>([
      ['sent as such', { method: 'DELETE' }],
      ['sent in lower case', { method: 'delete' }],
      ['in a header', { method: 'POST', lines: ['X-HTTP-Method-Override: DELETE'] }],
      ['in a header with underscores', { method: 'POST', lines: ['X_HTTP_Method_Override: DELETE'] }],
      ['in a header of a lower-case POST', { method: 'post', lines: ['x-http-method-override: delete'] }],
      ['in a form', { method: 'POST', lines: [form], body: '_method=DELETE' }],
      ['in a part', { method: 'POST', lines: ['Content-Type: multipart/form-data; boundary=x'], body: part }],
      [
        'in JSON',
        { method: 'POST', lines: ['Content-Type: application/json'], body: '{"_method":"DELETE"}' },
      ],
      ['in the query', { method: 'POST', target: `${backup}?_method=DELETE` }],
      ['behind the script', { method: 'POST', target: `/index.php${backup}?_method=DELETE` }],
      ['as an odd method', { method: 'PROPFIND' }],
      ['as TRACE', { method: 'TRACE' }],
      ['as OPTIONS', { method: 'OPTIONS' }],
      ['as PATCH', { method: 'PATCH' }],
    ])('a backup is not deleted by a key that reads it: %s', async (_how, { lines = [], ...more }) => {
      await expectRefused({ target: backup, ...more, lines: [bearer(watcher), ...lines] });
    });

    test('a GET stays one', async () => {
      const lines = [bearer(watcher), 'X-HTTP-Method-Override: DELETE', 'X_HTTP_Method_Override: DELETE'];
      await expectPassed({ target: `${backup}?_method=DELETE`, lines });
    });

    test('the method that a header names does not get to the panel', async () => {
      const lines = [bearer(free), 'X-HTTP-Method-Override: DELETE', 'X_HTTP_Method_Override: DELETE'];
      expect(await ask({ method: 'POST', target: backup, lines })).toBe(200);
      const [arrived] = scoped.standIn.take();
      expect(arrived?.variables.REQUEST_METHOD).toBe('POST');
      expect(arrived?.variables.HTTP_X_HTTP_METHOD_OVERRIDE ?? '').toBe('');
    });

    test('HEAD is judged as GET', async () => {
      await expectPassed({ method: 'HEAD', target: backup, lines: [bearer(watcher)] });
      await expectRefused({ method: 'HEAD', target: `${backup}/download`, lines: [bearer(watcher)] });
    });
  });

  describe('database passwords', () => {
    const databases = `/api/client/servers/${server}/databases`;
    const json = 'Content-Type: application/json';
    const asked = '{"include":"password"}';

    test.each<[string, Partial<RawRequest>]>([
      ['in the query', { target: `${databases}?include=password` }],
      ['among others', { target: `${databases}?include=host,password` }],
      ['in a list', { target: `${databases}?include[]=password` }],
      ['in an encoded list', { target: `${databases}?include%5B%5D=password` }],
      ['with an encoded letter', { target: `${databases}?include=pass%77ord` }],
      ['with an encoded name', { target: `${databases}?%69nclude=%70assword` }],
      ['encoded twice', { target: `${databases}?include=pass%2577ord` }],
      ['beside what is no text', { target: `${databases}?include=password&x=%ff` }],
      ['behind the script', { target: `/index.php${databases}?include=password` }],
      [
        'behind encoded slashes',
        { target: `${databases.replaceAll('/', '%2F').replace('%2F', '/')}?include=password` },
      ],
      ['in JSON', { lines: [json], body: asked }],
      ['in JSON of another name', { lines: ['Content-Type: application/vnd.api+json'], body: asked }],
      ['in JSON that is a second type', { lines: ['Content-Type: text/plain', json], body: asked }],
      [
        'in JSON that hides its type',
        { lines: ['Content-Type: text/plain', 'Content_Type: application/json'], body: asked },
      ],
      [
        'in a POST that is to be a GET',
        { method: 'POST', lines: ['X-HTTP-Method-Override: GET', json], body: asked },
      ],
    ])('are not for a key that lists databases: %s', async (_how, { lines = [], ...more }) => {
      const status = await ask({ target: databases, ...more, lines: [bearer(lister), ...lines] });
      // Where the web server drops what hides its type, the panel sees no JSON either.
      const isHidden = lines.some((line) => line.startsWith('Content_Type'));
      expect(scoped.violations(scoped.standIn.take())).toEqual([]);
      // nginx takes no two lines of a type.
      expect(isHidden ? [200] : [400, 403]).toContain(status);
    });

    test.each([databases, `${databases}?include=host`, `${databases}?page=1&include=`])(
      '%s passes',
      async (target) => {
        await expectPassed({ target, lines: [bearer(lister)] });
      },
    );
  });

  test('what Wings and browsers send is not asked about', async () => {
    const token = 'Authorization: Bearer 0123456789abcdef.0123456789abcdef';
    const target = '/api/remote/servers/6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e/install?page=1';
    await expectPassed({ method: 'POST', target, lines: [token], body: 'x' });
    await expectPassed({ target: '/%61pi//client/account', lines: ['Cookie: pterodactyl_session=abc'] });
    await expectPassed({ target: '/auth/login', lines: [] });
  });
});
