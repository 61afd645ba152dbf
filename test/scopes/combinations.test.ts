import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/client.ts';
import { type PanelRoute, panelRoutes } from './panel-routes.ts';
import { type ModelScope, maySend, permissionsFor } from './scope-model.ts';
import { type ScopedKey, type ScopedPanel, startScopedPanel } from './scoped-panel.ts';
import { webServerNames } from './web-servers.ts';

const server = '1a2b3c4d';
const other = '99999999';
const atOnce = 16;

/** A request, and whether the key may send it. */
interface Combination {
  readonly method: string;
  readonly path: string;
  readonly scope: ModelScope;
  readonly isAllowed: boolean;
}

/** What a key may be confined to, chosen so that each rule of a route decides at least once. */
function scopesFor(route: PanelRoute): readonly ModelScope[] {
  const anywhere = (permissions: readonly string[] | null) => ({ permissions, servers: null });
  const plain = route.permissions;
  const needed = permissionsFor({ route, includesPassword: false }) ?? [];
  const atThePath = panelRoutes
    .filter(({ path }) => path === route.path)
    .flatMap((beside) => permissionsFor({ route: beside, includesPassword: false }) ?? []);
  return [
    ...[['user.read'], ['server.read'], ['server.write']].map(anywhere),
    ...(plain.length === 0 ? [] : [anywhere(plain)]),
    ...(needed.length > plain.length ? [anywhere(needed)] : []),
    ...(atThePath.length > needed.length ? [anywhere([...new Set(atThePath)])] : []),
    ...(needed.length > 1 ? [anywhere(needed.slice(1)), anywhere(needed.slice(0, -1))] : []),
    { permissions: ['server.read', 'server.write', 'user.delete'], servers: [server] },
    { permissions: ['server.read', 'server.write', 'user.delete'], servers: [other] },
    anywhere(null),
  ];
}

const combinations: readonly Combination[] = panelRoutes.flatMap((route) => {
  const path = route.path.replace('{server}', server).replaceAll(/\{\w+\}/g, 'a0-1_2.3');
  const methods = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method];
  const scopes = scopesFor(route);
  return methods.flatMap((method) =>
    scopes.map((scope) => {
      const isAllowed = maySend(scope, { route, server, includesPassword: false });
      return { method, path, scope, isAllowed };
    }),
  );
});

let scoped: ScopedPanel;
const keys = new Map<string, ScopedKey>();

beforeAll(async () => {
  scoped = await startScopedPanel();
  for (const { scope } of combinations) {
    const name = JSON.stringify(scope);
    if (!keys.has(name)) keys.set(name, await scoped.makeKey(scope));
  }
});

afterAll(() => scoped?.close());

test('the combinations are many, and both verdicts are common', () => {
  expect(combinations.length).toBeGreaterThan(600);
  const allowed = combinations.filter(({ isAllowed }) => isAllowed).length;
  expect(allowed).toBeGreaterThan(200);
  expect(combinations.length - allowed).toBeGreaterThan(200);
});

describe.each(webServerNames)('behind %s', (name) => {
  test('exactly what a key may do reaches the panel, as it was sent', async () => {
    const outcomes = new Map<string, string>();
    const expected = new Map<string, string>();
    const sendOne = async ({ method, path, scope, isAllowed }: Combination, number: number) => {
      const key = keys.get(JSON.stringify(scope));
      const uri = `${path}?number=${number}&q=%41+b`;
      // Bytes that are no text in any encoding of JSON: nothing may look at them on their way.
      const body = ['GET', 'HEAD'].includes(method) ? '' : `{"number": ${number}, "bytes": "\0\x80\xff"}`;
      const content =
        body === ''
          ? {}
          : { body: Buffer.from(body, 'latin1'), headers: { 'content-type': 'application/json' } };
      const sent = { method, path: uri, key: key?.bearer ?? '', ...content };
      const { status } = await send(scoped.fronts[name].url, sent);
      const label = `${method} ${uri} ${body} with ${JSON.stringify(scope)}`;
      outcomes.set(label, String(status));
      expected.set(label, isAllowed ? `200 ${method} ${uri} ${body}` : '403');
    };
    for (let at = 0; at < combinations.length; at += atOnce) {
      const batch = combinations.slice(at, at + atOnce);
      await Promise.all(batch.map((combination, index) => sendOne(combination, at + index)));
    }
    const arrived = new Map(
      scoped.standIn.take().map(({ variables, body }) => {
        const { REQUEST_URI: uri = '', REQUEST_METHOD: method } = variables;
        return [/number=(\d+)/.exec(uri)?.[1], ` ${method} ${uri} ${body}`];
      }),
    );
    const seen = [...outcomes].map(([label, status]) => {
      const number = /number=(\d+)/.exec(label)?.[1];
      return [label, status + (arrived.get(number) ?? '')] as const;
    });
    expect(new Map(seen)).toEqual(expected);
  });
});
