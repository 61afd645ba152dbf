import { afterAll, beforeAll, expect, it } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { activities } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

let sidecar: Sidecar;
beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl, {
    env: { APP_2FA_REQUIRED: '2', APP_API_APPLICATION_RATELIMIT: '1' },
  });
});
afterAll(() => sidecar.close());

const unknownUser = { id: 4_000_000 };
const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';

it('shows the first of many faults in the order in which the panel looks for them', async () => {
  const { panel, seed, send } = sidecar;
  const target = await seed.user();
  const owner = await seed.user();
  const key = await seed.key(owner, { acl: 0, allowedIps: '["10.9.9.9"]' });
  const user = (change: string) => panel.execute(`update users set ${change} where id = ${owner.id}`);
  const apiKey = (change: string) => panel.execute(`update api_keys set ${change} where id = ${key.id}`);
  /** The limit is one request per account and minute; a new uuid is a new account. */
  const newWindow = () => user('uuid = uuid()');
  const post = async (body: string, bearer = key.bearer, to: { id: number } = unknownUser) =>
    refusalOf(
      await send({
        ...{ method: 'POST', path: keysOf(to), key: bearer, body },
        headers: { 'content-type': 'application/json' },
      }),
    );

  expect(await post('{', `${key.identifier}wrong`)).toBe('401 AuthenticationException: Unauthenticated.');
  expect(await post('{')).toBe(
    '400 BadRequestHttpException: The JSON data passed in the request appears to be malformed: Syntax error',
  );
  expect(await post('{}')).toBe(
    '400 TwoFactorAuthRequiredException: Two-factor authentication is required on this account in order to access this endpoint.',
  );
  await user('use_totp = 1');
  expect(await post('{}')).toBe(
    '403 AccessDeniedHttpException: This IP address (127.0.0.1) does not have permission to access the API using these credentials.',
  );
  await apiKey('allowed_ips = null');
  expect(await post('{}')).toBe(notFound);
  expect(await post('{}')).toBe('429 ThrottleRequestsException: Too Many Attempts.');
  await newWindow();
  expect(await post('{}', key.bearer, target)).toBe(
    '403 AccessDeniedHttpException: This account does not have permission to access the API.',
  );
  await newWindow();
  await user('root_admin = 1');
  expect(await post('{}', key.bearer, target)).toBe(
    '403 AccessDeniedHttpException: This action is unauthorized.',
  );
  await newWindow();
  await apiKey('r_users = 2');
  expect(await post('{}', key.bearer, target)).toBe(
    '422 ValidationException: The description field is required.',
  );
  await newWindow();
  const done = await send({
    ...{ method: 'POST', path: keysOf(target), key: key.bearer, body: { description: 'at last' } },
  });
  expect(done.status).toBe(200);
});

it.each([
  ['an unknown path', 'GET', '/api/application/nothing', '404 NotFoundHttpException'],
  ['an identifier of another form', 'DELETE', `${keysOf(unknownUser)}/short`, '404 NotFoundHttpException'],
  ['a wrong verb', 'PUT', keysOf(unknownUser), '405 MethodNotAllowedHttpException'],
])('tells of %s before it asks who calls', async (_, method, path, expected) => {
  const answer = refusalOf(await sidecar.send({ method, path }));
  expect(answer.split(':')[0]).toBe(expected);
});

it('asks who calls before it looks whether the user exists', async () => {
  expect((await sidecar.send({ path: keysOf(unknownUser) })).status).toBe(401);
});

it('refuses an admin target only after the ACL, and before its input', async () => {
  const { panel, seed, send } = sidecar;
  await panel.execute(
    "replace into settings (`key`, value) values ('settings::pterodactyl:auth:2fa_required', '0')",
  );
  const caller = await seed.user({ admin: true, totp: true });
  const admin = await seed.user({ admin: true });
  const key = await seed.key(caller, { acl: { users: 2 } });
  const answer = await send({ method: 'POST', path: keysOf(admin), key: key.bearer, body: {} });
  expect(refusalOf(answer)).toBe('403 AccessDeniedHttpException: This action is unauthorized.');
  const [row] = await activities(panel, 'api_key_id = ?', [key.id]);
  expect(row?.properties).toMatchObject({ reason: 'admin-target' });
});
