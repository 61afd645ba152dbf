import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permissionNames } from '../../src/panel/permissions.ts';
import { isWithinScope, type JudgedRequest } from '../../src/scopes/judge.ts';
import { readRequestedPath } from '../../src/scopes/requested-path.ts';
import { routedByPanel } from './as-the-panel.ts';
import { panelRoutes } from './panel-routes.ts';
import { type ModelScope, mayDo, permissionsFor } from './scope-model.ts';

const server = '1a2b3c4d';
const paths = panelRoutes.map(({ path }) => path.replace('{server}', server).replaceAll(/\{\w+\}/g, 'b'));

const anyScope: fc.Arbitrary<ModelScope> = fc.record({
  permissions: fc.oneof(
    fc.subarray(permissionNames),
    fc.constantFrom(['server.read'], ['server.write'], ['user.read'], permissionNames),
  ),
  servers: fc.constantFrom(null, null, [server], ['99999999'], []),
});
const everything: ModelScope = { permissions: permissionNames, servers: null };
const anyMethod = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'get',
  'post',
  '',
);

function judge(
  { permissions, servers }: ModelScope,
  request: Partial<JudgedRequest> & { uri: string },
): boolean {
  const scope = { permissions: new Set(permissions), servers };
  return isWithinScope(scope, { method: 'GET', contentType: '', ...request });
}

/** A path in which any characters are percent-encoded, with what else the panel reads over. */
const spelled = (path: string) =>
  fc
    .record({
      script: fc.constantFrom('', '/index.php'),
      slash: fc.constantFrom('', '/'),
      dice: fc.infiniteStream(fc.nat(5)),
    })
    .map(({ script, slash, dice }) => {
      const all = script + path + slash;
      // The slash that a request begins with is never encoded: it would be none.
      return all[0] + [...all.slice(1)].map((character) => encoded(character, dice.next().value)).join('');
    });

function encoded(character: string, roll: number): string {
  const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
  if (roll === 0) return `%${hex}`;
  return roll === 1 ? `%${hex.toUpperCase()}` : character;
}

/** What matters to the panel or to a web server. */
const oddPiece = fc.oneof(
  fc.constantFrom('/', '//', '/.', '/..', '/index.php', '/INDEX.PHP', '/api/client', '/api/remote', '/API'),
  fc.constantFrom(
    '%2F',
    '%2f',
    '%2e',
    '%61',
    '%252F',
    '%00',
    '%',
    '%zz',
    '%c0%af',
    ';x',
    '\\',
    '#',
    '?',
    ' ',
  ),
  fc.constantFrom('?include=password', '&include[]=pass%77ord', '?_method=DELETE', '?_method=GET', '?x=1'),
  fc.constantFrom('http://h', '\u00e9', '..;', '/index.phpapi/client'),
  fc.string({ maxLength: 3 }),
);

/** Addresses in which odd pieces stand here and there. */
const mangled = (uri: fc.Arbitrary<string>) =>
  fc.tuple(uri, fc.array(fc.tuple(fc.nat(), oddPiece), { maxLength: 2 })).map(([whole, pieces]) =>
    pieces.reduce((text, [place, piece]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + piece + text.slice(at);
    }, whole),
  );

/** A request at a route or near it, by a key with some of the permissions that matter there. */
const nearRoute = fc.constantFrom(...panelRoutes).chain((route) => {
  const path = route.path.replace('{server}', server).replaceAll(/\{\w+\}/g, 'b');
  const atThePath = panelRoutes.filter((beside) => beside.path === route.path);
  const needed = atThePath.flatMap(
    (beside) => permissionsFor({ route: beside, includesPassword: true }) ?? [],
  );
  return fc.record({
    uri: fc.oneof(spelled(path), mangled(spelled(path)), mangled(fc.constant(path))),
    method: fc.oneof(fc.constant(route.method), fc.constant('POST'), anyMethod),
    permissions: fc.oneof(
      fc.subarray([...new Set(needed)]),
      fc.constant(route.permissions),
      fc.subarray(['user.read', 'server.read', 'server.write']),
    ),
    servers: fc.constantFrom(null, null, [server], ['99999999'], []),
    query: fc.constantFrom('', '', '?include=password', '?include[]=pass%77ord', '?x=%ff&include=password'),
    form: fc.constantFrom('', '_method=DELETE', '_method=PUT', '_method=GET', '_method=GET&include=password'),
  });
});

/** Addresses that lead nowhere, most of them. */
const oddUri = fc.oneof(
  mangled(fc.constantFrom(...paths)),
  fc.array(oddPiece, { maxLength: 8 }).map((pieces) => pieces.join('')),
);

describe('the path', () => {
  test('is the same in every spelling that the panel takes for it', () => {
    const cases = fc.constantFrom(...paths).chain((path) => fc.tuple(fc.constant(path), spelled(path)));
    fc.assert(
      fc.property(cases, anyScope, anyMethod, ([path, uri], scope, method) => {
        expect(judge(scope, { uri, method })).toBe(judge(scope, { uri: path, method }));
        expect(readRequestedPath(uri)?.parts.join('/')).toBe(path.split('/').slice(3).join('/'));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['/api/client', []],
    ['/api/client/', []],
    ['/index.php/api/client/account', ['account']],
    ['/api/client/account?x', ['account']],
    ['/api/client/a.b/c_d~e-f', ['a.b', 'c_d~e-f']],
  ])('%s has the parts %j', (uri, parts) => {
    expect(readRequestedPath(uri)?.parts).toEqual(parts);
  });

  test.each([
    '',
    '/',
    '*',
    'api/client',
    '/api',
    '/api/clients',
    '/api/client/..',
    '/api/client/.',
    '/index.php',
    '/%',
  ])('%s is none', (uri) => {
    expect(readRequestedPath(uri)).toBeNull();
  });

  test.each([
    ['?a=%41+b', 'a=A b'],
    ['', ''],
    ['?', ''],
    ['??x', '?x'],
    ['?%', null],
    ['?%ff', null],
  ])('the query of %j is %j', (query, expected) => {
    expect(readRequestedPath(`/api/client${query}`)?.query).toBe(expected);
  });
});

describe('what a key may not do', () => {
  test('no address lets it do, whatever the panel makes of that', () => {
    let allowed = 0;
    fc.assert(
      fc.property(nearRoute, ({ uri: path, query, method, permissions, servers, form }) => {
        const uri = path + query;
        if (!judge({ permissions, servers }, { uri, method })) return;
        allowed += 1;
        const routed = routedByPanel({
          variables: {
            REQUEST_METHOD: method,
            REQUEST_URI: uri,
            QUERY_STRING: uri.split('?').slice(1).join('?'),
            CONTENT_TYPE: 'application/x-www-form-urlencoded',
          },
          body: form,
        });
        expect(routed === null || mayDo({ permissions, servers }, routed)).toBe(true);
      }),
      { numRuns: 15_000 },
    );
    // Else it would prove nothing.
    expect(allowed).toBeGreaterThan(1_000);
  });

  test('is refused however odd the request', () => {
    const anything = fc.oneof(oddUri, fc.string(), fc.string({ unit: 'binary' }), fc.webUrl());
    fc.assert(
      fc.property(anything, fc.string(), fc.string(), (uri, method, contentType) => {
        const isPlain = /^\/(?:index\.php\/)?api\/client(?:[/?]|$)/.test(decodedOrEmpty(uri));
        const isMethod = /^(?:get|head|post|put|delete)$/i.test(method);
        const verdict = judge(everything, { uri, method, contentType });
        if (!isPlain || !isMethod) expect(verdict).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  test('grows with no permission that is taken away', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        anyMethod,
        fc.subarray(permissionNames),
        fc.nat(),
        (uri, method, permissions, index) => {
          const fewer = permissions.filter((_name, at) => at !== index % Math.max(1, permissions.length));
          const before = judge({ permissions, servers: null }, { uri, method });
          const after = judge({ permissions: fewer, servers: null }, { uri, method });
          expect(after && !before).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test('without any permission nothing is allowed', () => {
  for (const uri of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
      expect(judge({ permissions: [], servers: null }, { uri, method })).toBe(false);
    }
  }
});

function decodedOrEmpty(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return '';
  }
}
