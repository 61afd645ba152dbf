import fc from 'fast-check';
import type { FastcgiRequest } from '../support/fastcgi.ts';
import { panelRoutes } from './panel-routes.ts';
import { permissionsFor } from './scope-model.ts';

/** A request that may be spelled in any way, and what the key that sends it may do. */
export interface OddRequest {
  readonly uri: string;
  readonly method: string;
  readonly permissions: readonly string[];
  readonly servers: readonly string[] | null;
  /** `X-HTTP-Method-Override`; empty for none. */
  readonly override: string;
  readonly contentType: string;
  readonly body: string;
}

/** The server in the paths. */
export const server = '1a2b3c4d';

/** A path of each route. */
export const paths: readonly string[] = panelRoutes.map(({ path }) =>
  path.replace('{server}', server).replaceAll(/\{\w+\}/g, 'b'),
);

/** Methods that the panel knows, and others. */
export const anyMethod = fc.constantFrom(
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

/** The request as PHP gets it from a web server that sends everything to `index.php`. */
export function toPhp({ uri, method, override, contentType, body }: OddRequest): FastcgiRequest {
  return {
    variables: {
      REQUEST_METHOD: method,
      REQUEST_URI: uri,
      QUERY_STRING: uri.split('?').slice(1).join('?'),
      SCRIPT_NAME: '/index.php',
      SCRIPT_FILENAME: '/var/www/panel/public/index.php',
      CONTENT_TYPE: contentType,
      ...(override === '' ? {} : { HTTP_X_HTTP_METHOD_OVERRIDE: override }),
    },
    body,
  };
}

/** A path in which any characters are percent-encoded, with what else the panel reads over. */
export const spelled = (path: string) =>
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
export const nearRoute: fc.Arbitrary<OddRequest> = fc.constantFrom(...panelRoutes).chain((route) => {
  const path = route.path.replace('{server}', server).replaceAll(/\{\w+\}/g, 'b');
  const atThePath = panelRoutes.filter((beside) => beside.path === route.path);
  const needed = atThePath.flatMap(
    (beside) => permissionsFor({ route: beside, includesPassword: true }) ?? [],
  );
  return fc
    .record({
      path: fc.oneof(spelled(path), mangled(spelled(path)), mangled(fc.constant(path))),
      query: fc.constantFrom('', '', '?include=password', '?include[]=pass%77ord', '?x=%ff&include=password'),
      method: fc.oneof(fc.constant(route.method), fc.constant('POST'), anyMethod),
      permissions: fc.oneof(
        fc.subarray([...new Set(needed)]),
        fc.constant(route.permissions),
        fc.subarray(['user.read', 'server.read', 'server.write']),
      ),
      servers: fc.constantFrom(null, null, [server], ['99999999'], []),
      override: fc.constantFrom('', '', '', 'DELETE', 'put', 'GET'),
      isJson: fc.boolean(),
      fields: fc.subarray<readonly [string, string]>([
        ['_method', 'DELETE'],
        ['_method', 'GET'],
        ['_method', 'put'],
        ['include', 'password'],
        ['signal', 'start'],
      ]),
    })
    .map(({ path: spelledPath, query, isJson, fields, ...rest }) => ({
      ...rest,
      uri: spelledPath + query,
      contentType: isJson ? 'application/json' : 'application/x-www-form-urlencoded',
      body: isJson
        ? JSON.stringify(Object.fromEntries(fields))
        : new URLSearchParams(Object.fromEntries(fields)).toString(),
    }));
});

/** Addresses that lead nowhere, most of them. */
export const oddUri = fc.oneof(
  mangled(fc.constantFrom(...paths)),
  fc.array(oddPiece, { maxLength: 8 }).map((pieces) => pieces.join('')),
);
