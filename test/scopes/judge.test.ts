import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permissionNames } from '../../src/panel/permissions.ts';
import { isWithinScope, type JudgedRequest } from '../../src/scopes/judge.ts';
import { readRequestedPath } from '../../src/scopes/requested-path.ts';
import { routedByPanel } from './as-the-panel.ts';
import { anyMethod, nearRoute, oddUri, paths, server, spelled, toPhp } from './odd-requests.ts';
import { type ModelScope, mayDo } from './scope-model.ts';

const anyScope: fc.Arbitrary<ModelScope> = fc.record({
  permissions: fc.oneof(
    fc.subarray(permissionNames),
    fc.constantFrom(['server.read'], ['server.write'], ['user.read'], permissionNames),
  ),
  servers: fc.constantFrom(null, null, [server], ['99999999'], []),
});
const everything: ModelScope = { permissions: permissionNames, servers: null };
function judge(
  { permissions, servers }: ModelScope,
  request: Partial<JudgedRequest> & { uri: string },
): boolean {
  const scope = { permissions: new Set(permissions), servers };
  return isWithinScope(scope, { method: 'GET', contentType: '', ...request });
}

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
      fc.property(nearRoute, (request) => {
        const { uri, method, permissions, servers, contentType } = request;
        if (!judge({ permissions, servers }, { uri, method, contentType })) return;
        allowed += 1;
        const routed = routedByPanel(toPhp(request));
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
