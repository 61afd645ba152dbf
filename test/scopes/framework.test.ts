import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FastcgiRequest } from '../support/fastcgi.ts';
import { installLaravel, missingPhpTools } from '../support/php/laravel-package.ts';
import { installSymfony } from '../support/php/symfony-packages.ts';
import { keyTakenByPanel, routedByPanel } from './as-the-panel.ts';
import { nearRoute, oddUri, toPhp } from './odd-requests.ts';
import { panelRoutes } from './panel-routes.ts';

const script = fileURLToPath(new URL('../support/php/panel-request.php', import.meta.url));
const installTimeout = 300_000;

const missing = missingPhpTools();
// In continuous integration a check that did not run is a failure: there the missing program is the error.
const isSkipped = missing.length > 0 && process.env.CI === undefined;
const title = `The panel's own framework${isSkipped ? ` (skipped: no ${missing.join(', no ')} here)` : ''}`;

/** What the framework makes of a request. */
interface Answer {
  /** Index of the route. */
  readonly route: number | null;
  readonly key: string | null;
  readonly include: unknown;
}

describe.skipIf(isSkipped)(title, () => {
  let autoloads: readonly string[];

  beforeAll(async () => {
    if (missing.length > 0) throw new Error(`Install ${missing.join(' and ')} to run this test.`);
    autoloads = [await installSymfony(), await installLaravel()];
  }, installTimeout);

  function ask(requests: readonly FastcgiRequest[]): readonly Answer[] {
    const routes = panelRoutes.map(({ method, path }) => [method, path]);
    const php = spawnSync('php', [script, ...autoloads], {
      input: JSON.stringify({ routes, requests }),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(php.stderr).toBe('');
    return JSON.parse(php.stdout) as readonly Answer[];
  }

  test('routes requests as the tests take it to do, and includes what they take it to include', () => {
    const nowhere = fc.tuple(nearRoute, oddUri).map(([request, uri]) => ({ ...request, uri }));
    // What does not begin with a slash no web server hands over.
    const requests = [...fc.sample(nearRoute, 4_000), ...fc.sample(nowhere, 1_000)]
      .filter(({ uri }) => uri.startsWith('/'))
      .map(toPhp);
    const answers = ask(requests);
    const routed = answers.filter(({ route }) => route !== null);
    expect(routed.length).toBeGreaterThan(500);
    const wrong = requests.filter((request, index) => {
      const { route = null, include } = answers[index] ?? {};
      // Where it takes no route, other versions of it may take one.
      if (route === null) return false;
      const model = routedByPanel(request);
      if (model === null || model.route !== panelRoutes[route]) return true;
      const includes = [include].flat(Number.POSITIVE_INFINITY).join(',').split(',');
      const lists = model.route.method === 'GET' && model.route.path.endsWith('/databases');
      return lists && includes.includes('password') && !model.includesPassword;
    });
    expect(wrong).toEqual([]);
  });

  test('finds the key where the tests take it to look', () => {
    const values = [
      'Bearer k',
      'bearer k',
      'Basic x, Bearer k',
      'Bearer a, Bearer b',
      'Bearer a bearer b, c',
    ];
    values.push('', 'Basic x', 'Bearer', 'Bearer  k', 'Digest x', 'Digest Bearer k', 'Bearer\tk');
    const names = [
      'HTTP_AUTHORIZATION',
      'HTTP_PHP_AUTH_DIGEST',
      'HTTP_PHP_AUTH_USER',
      'HTTP_X_AUTHORIZATION',
    ];
    names.push('HTTP_REDIRECT_HTTP_AUTHORIZATION', 'HTTP_HTTP_AUTHORIZATION', 'HTTP_PROXY_AUTHORIZATION');
    const all = names.flatMap((name) => values.map((value) => ({ [name]: value })));
    const both = values.flatMap((first) =>
      values.map((second) => ({ HTTP_AUTHORIZATION: first, HTTP_PHP_AUTH_DIGEST: second })),
    );
    const requests = [...all, ...both].map((headers) => ({
      variables: {
        ...{ REQUEST_METHOD: 'GET', REQUEST_URI: '/', QUERY_STRING: '', CONTENT_TYPE: '' },
        ...headers,
      },
      body: '',
    }));
    const answers = ask(requests);
    expect(requests.map((request, index) => [request.variables, answers[index]?.key])).toEqual(
      requests.map((request) => [request.variables, keyTakenByPanel(request)]),
    );
  });
});
