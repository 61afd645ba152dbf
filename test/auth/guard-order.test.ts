import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { type Check, panelTraits } from '../support/panel-traits.ts';
import { activities } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

const unknownUser = { id: 4_000_000 };

/** What a check answers where it is the first that finds something wrong. */
const refusals: Readonly<Record<Check, string>> = {
  target: '404 NotFoundHttpException: The requested resource could not be found on the server.',
  key: '401 AuthenticationException: Unauthenticated.',
  json: '400 BadRequestHttpException: The JSON data passed in the request appears to be malformed: Syntax error',
  twoFactor:
    '400 TwoFactorAuthRequiredException: Two-factor authentication is required on this account in order to access this endpoint.',
  address:
    '403 AccessDeniedHttpException: This IP address (127.0.0.1) does not have permission to access the API using these credentials.',
  throttle: '429 ThrottleRequestsException: Too Many Attempts.',
  admin: '403 AccessDeniedHttpException: This account does not have permission to access the API.',
  acl: '403 AccessDeniedHttpException: This action is unauthorized.',
  input: '422 ValidationException: The description field is required.',
};

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  /** The uuid, by which the panel counts, of an account that has sent the one request a minute that it may. */
  let spentAccount: string;
  beforeAll(async () => {
    const env = { APP_2FA_REQUIRED: '2', APP_API_APPLICATION_RATELIMIT: '1' };
    sidecar = await startSidecar(cell, { env });
    const { seed, send } = sidecar;
    const owner = await seed.user({ admin: true, totp: true });
    const { bearer } = await seed.key(owner);
    expect((await send({ path: keysOf(await seed.user()), key: bearer })).status).toBe(200);
    spentAccount = owner.uuid;
  });
  afterAll(() => sidecar.close());

  /** Sends a request that has these faults and no others, with a key and an owner of its own. */
  async function ask(faults: ReadonlySet<Check>) {
    const { panel, seed, send } = sidecar;
    const owner = await seed.user({ admin: !faults.has('admin'), totp: !faults.has('twoFactor') });
    const allowList = faults.has('address') ? { allowedIps: '["10.9.9.9"]' } : {};
    const key = await seed.key(owner, { acl: faults.has('acl') ? 0 : 3, ...allowList });
    if (faults.has('throttle')) {
      await panel.execute('update users set uuid = ? where uuid = ?', [crypto.randomUUID(), spentAccount]);
      await panel.execute('update users set uuid = ? where id = ?', [spentAccount, owner.id]);
    }
    const valid = faults.has('input') ? '{}' : '{"description":"x"}';
    return send({
      method: 'POST',
      path: keysOf(faults.has('target') ? unknownUser : await seed.user()),
      key: faults.has('key') ? `${key.bearer}x` : key.bearer,
      headers: { 'content-type': 'application/json' },
      body: faults.has('json') ? '{' : valid,
    });
  }

  it('shows the first of many faults in the order in which the panel looks for them', async () => {
    const { checks } = panelTraits[cell.panel];
    const faults = new Set(checks);
    for (const check of checks) {
      expect(refusalOf(await ask(faults))).toBe(refusals[check]);
      faults.delete(check);
    }
    expect((await ask(faults)).status).toBe(200);
  });

  it.each([
    ['an unknown path', 'GET', '/api/application/nothing', '404 NotFoundHttpException: The route'],
    ['an odd identifier', 'DELETE', `${keysOf(unknownUser)}/short`, '404 NotFoundHttpException: The route'],
    ['a wrong verb', 'PUT', keysOf(unknownUser), '405 MethodNotAllowedHttpException: '],
  ])('tells of %s before all that', async (_, method, path, expected) => {
    expect(refusalOf(await sidecar.send({ method, path }))).toContain(expected);
  });

  it('refuses an admin target only after the ACL, and before its input', async () => {
    const { panel, seed, send } = sidecar;
    const caller = await seed.user({ admin: true, totp: true });
    const admin = await seed.user({ admin: true });
    const key = await seed.key(caller, { acl: { users: 2 } });
    const answer = await send({ method: 'POST', path: keysOf(admin), key: key.bearer, body: {} });
    expect(refusalOf(answer)).toBe(refusals.acl);
    const [row] = await activities(panel, 'api_key_id = ?', [key.id]);
    expect(row?.properties).toMatchObject({ reason: 'admin-target' });
  });
});
