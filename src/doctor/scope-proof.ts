import { firstLine } from '../operator-error.ts';
import { type Asked, askPanel } from './ask-panel.ts';
import { type CheckResult, fail, ok } from './check.ts';

const documentation = '(docs/scopes.md)';
const permitted = '/api/client/account';
const refused = `${permitted}/api-keys`;
/** Spellings that the panel takes for the refused path. */
const spellings = [
  `${refused}/`,
  `/index.php${refused}`,
  '/%61pi/client/account/api-keys',
  '/api%2Fclient/account/api-keys',
];

/**
 * Sends requests with a key that may read the account and nothing else: exactly the one for the account must get to
 * the panel.
 *
 * @param address The panel's public address.
 * @param bearer The key.
 * @param interrupted Ends it at once.
 */
export async function proveScopes(
  address: URL,
  bearer: string,
  interrupted: AbortSignal,
): Promise<CheckResult> {
  const authorization = `Bearer ${bearer}`;
  const ask = (asked: Asked) => askPanel(address, asked, interrupted);
  try {
    const status = await ask({ path: permitted, headers: { authorization } });
    if (status !== 200) return permittedRefused(address, status);
    const plain = await ask({ path: refused, headers: { authorization } });
    if (plain !== 403) {
      return fail(
        `a key that may only read the account was answered ${plain} at ${refused}, not 403`,
        `have the web server ask /authorize ${documentation}`,
      );
    }
    const passed: string[] = [];
    for (const [name, asked] of evasions(bearer)) {
      // What the panel does not route is no way around.
      if ((await ask(asked)) < 400) passed.push(name);
    }
    if (passed.length === 0)
      return ok(`kept at ${address.origin}: tried ${evasions(bearer).length + 2} requests`);
    return fail(
      `these get around the web server's question: ${passed.join(', ')}`,
      `use its lines as they are, in the whole server block ${documentation}`,
    );
  } catch (error) {
    return fail(
      `${address.origin} did not answer: ${firstLine(error)}`,
      "give the panel's public address by --url",
    );
  }
}

/** Requests for the refused path that must not get through either, with what names them to people. */
function evasions(bearer: string): readonly (readonly [string, Asked])[] {
  const authorization = `Bearer ${bearer}`;
  const claims = {
    ...{ 'x-original-method': 'GET', 'x-original-uri': permitted },
    ...{ 'x-forwarded-method': 'GET', 'x-forwarded-uri': permitted },
  };
  return [
    ...spellings.map((path) => [path, { path, headers: { authorization } }] as const),
    ['a lower-case bearer', { path: refused, headers: { authorization: `bearer ${bearer}` } }],
    [
      'a key behind another scheme',
      { path: refused, headers: { authorization: `Basic abc, ${authorization}` } },
    ],
    [
      'PHP-Auth-Digest in place of Authorization',
      { path: refused, headers: { 'php-auth-digest': authorization } },
    ],
    ['headers that claim another path', { path: refused, headers: { authorization, ...claims } }],
  ];
}

function permittedRefused(address: URL, status: number): CheckResult {
  const detail = `a key that may read the account was answered ${status} at ${address.origin}${permitted}`;
  if (status >= 300 && status < 400) return fail(detail, 'name the address that it leads to by --url');
  if (status === 401)
    return fail(detail, 'see that the panel and this service use the same database and clock');
  if (status === 403)
    return fail(detail, `set scopes.proxy and scopes.authorize_from to the web server that asks`);
  if (status >= 500) return fail(detail, 'see that the service runs, and that the web server reaches it');
  return fail(detail, "give the panel's public address by --url");
}
