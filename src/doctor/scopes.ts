import { sql } from 'kysely';
import { classifyFailure } from '../database/errors.ts';
import { firstLine, OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
import { type Asked, askPanel } from './ask-panel.ts';
import { type Check, type CheckResult, fail, ok, warn } from './check.ts';
import type { Findings } from './findings.ts';
import { withOpenServices } from './open-services.ts';
import { withThrowAwayKey } from './throw-away-key.ts';

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

/** What keys may do is kept at the web server: tried by its public address, with a key that may do little. */
export const checkScopes: Check = {
  name: 'scopes',
  run: async (findings) => {
    if (!findings.settings.get().scopes.enforce) return ok('not enforced, so keys are given none');
    const address = publicAddress(findings);
    return withOpenServices(findings, async (services) => {
      // Without own tables there are no scopes, which is their own check's to report.
      findings.ownTables.get();
      const owner = await findOwner(services, findings);
      if (owner === null) {
        return warn(
          'not tried: no user who is no admin and has no servers was found',
          'make one, or choose a user of yours by --user',
        );
      }
      return withThrowAwayKey(services, owner, (bearer, interrupted) => prove(address, bearer, interrupted));
    });
  },
};

/** @throws OperatorError */
function publicAddress({ target, env }: Findings): URL {
  const text = target.url ?? env.get().variable('APP_URL');
  const advice = "give the panel's public address by --url";
  if (text === null || text === '') throw new OperatorError(`APP_URL is not set: ${advice}`);
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address !== null && ['http:', 'https:'].includes(address.protocol)) return address;
  throw new OperatorError(`${JSON.stringify(text)} is no http or https address: ${advice}`);
}

/**
 * Whose key to make: the one who was named, else whoever has least to lose.
 *
 * @returns Row id, or null where there is nobody.
 * @throws OperatorError for an admin.
 */
async function findOwner(services: Services, { target }: Findings): Promise<number | null> {
  if (target.owner === undefined) return findHarmlessUser(services);
  const { id } = await target.owner(services);
  const user = await services.users.load(id);
  if (user?.isAdmin !== false) throw new OperatorError(`user ${id} is an admin: choose another by --user`);
  return id;
}

async function findHarmlessUser({ database, panel }: Services): Promise<number | null> {
  try {
    const { rows } = await sql<{ id: number }>`select candidate.id from ${sql.table('users')} as candidate
      where ${panel.adminFlag(sql.ref('candidate.id'))} = 0
        and not exists (select 1 from ${sql.table('servers')} as s where s.owner_id = candidate.id)
      order by candidate.id limit 1`.execute(database.queries);
    return rows[0]?.id ?? null;
  } catch (error) {
    if (classifyFailure(error) === 'unavailable') throw error;
    // An account with least privilege may not see whose a server is.
    return null;
  }
}

async function prove(address: URL, bearer: string, interrupted: AbortSignal): Promise<CheckResult> {
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
