import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Encrypter } from '../../../src/panel/encrypter.ts';
import { parseAppKey } from '../../../src/panel/env/app-key.ts';
import { cells } from '../../support/cells.ts';
import { refusalOf, send } from '../../support/client.ts';
import { insertRows } from '../../support/insert-rows.ts';
import { createPanelDatabase, type PanelDatabase, TEST_APP_KEY } from '../../support/panel-database.ts';
import { recordedEnv } from '../../support/recorded-state.ts';
import { type RunningService, startService } from '../../support/service.ts';
import type { SqlExecutor } from '../../support/test-database.ts';

const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);
const times = { created_at: '2026-01-02 03:04:05', updated_at: '2026-01-02 03:04:05' };
const secret = 'secretSECRETsecretSECRETsecret01';

/** Users by what makes them an admin or not; ids are 1 and up, in this order. */
const people = ['root', 'staff', 'direct', 'roleOnly', 'permissionOnly', 'otherModel', 'nobody'] as const;
type Person = (typeof people)[number];
const idOf = (person: Person) => people.indexOf(person) + 1;

/** Application keys of root, by the JSON in `permissions`. */
const permissions = {
  full: '{"user":3,"allocation":3,"node":3}',
  read: '{"user":1}',
  write: '{"user":2}',
  ports: '{"allocation":1}',
  noRight: '[]',
  noObject: '"user"',
  noNumber: '{"user":"3"}',
  fraction: '{"user":1.5}',
  foreign: '{"users":3,"r_users":3}',
  none: null,
} as const;
type KeyName = keyof typeof permissions;

const ofApplication = (name: KeyName) => `papp_${name}`.padEnd(16, '0');
const ofAccount = (person: Person) => `pacc_${person}`.padEnd(16, '0').slice(0, 16);

async function seed(db: SqlExecutor): Promise<void> {
  await insertRows(
    db,
    'users',
    people.map((name) => ({
      ...{ id: idOf(name), uuid: name, username: name, email: name, password: '', ...times },
    })),
  );
  const role = (id: number, name: string) => ({ id, name, guard_name: 'web', ...times });
  await insertRows(db, 'roles', [role(1, 'Root Admin'), role(2, 'Staff'), role(3, 'Badge')]);
  await insertRows(db, 'permissions', [role(1, 'view server')]);
  await insertRows(db, 'role_has_permissions', [{ permission_id: 1, role_id: 2 }]);
  const hasRole = (person: Person, role_id: number, model_type = 'user') => ({
    ...{ role_id, model_type, model_id: idOf(person) },
  });
  await insertRows(db, 'model_has_roles', [
    hasRole('root', 1),
    hasRole('staff', 2),
    hasRole('direct', 3),
    hasRole('roleOnly', 3),
    hasRole('otherModel', 1, 'server'),
  ]);
  await insertRows(
    db,
    'model_has_permissions',
    (['direct', 'permissionOnly'] as const).map((person) => ({
      ...{ permission_id: 1, model_type: 'user', model_id: idOf(person) },
    })),
  );
  const key = (owner: Person, key_type: number, identifier: string, text: string | null) => ({
    ...{ user_id: idOf(owner), key_type, identifier, token: encrypter.encrypt(secret), memo: identifier },
    ...{ allowed_ips: '[]', permissions: text, ...times },
  });
  await insertRows(db, 'api_keys', [
    ...Object.entries(permissions).map(([name, text]) =>
      key('root', 2, ofApplication(name as KeyName), text),
    ),
    ...people.map((person) => key(person, 1, ofAccount(person), '[]')),
    key('staff', 2, 'papp_ofStaff0000', permissions.full),
    { ...key('root', 2, 'papp_ofNobody000', permissions.full), user_id: null },
  ]);
}

const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';
const noAdmin = '403 AccessDeniedHttpException: This account does not have permission to access the API.';

describe.each(cells.filter(({ panel }) => panel === 'pelican'))('access to %s', ({ panel: name, on }) => {
  let panel: PanelDatabase;
  let service: RunningService;

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    await panel.reset(seed);
    service = await startService(panel.folder, { env: recordedEnv });
  });

  afterAll(async () => {
    await service?.stop();
    await panel?.drop();
  });

  async function listAs(identifier: string, person: Person): Promise<number | string> {
    const path = `/api/application/users/${idOf(person)}/api-keys`;
    const answer = await send(service.url, { path, key: identifier + secret });
    return answer.status === 200 ? 200 : refusalOf(answer);
  }

  it.each<[Person, number | string]>([
    ['root', unauthorized],
    ['staff', unauthorized],
    ['direct', unauthorized],
    ['roleOnly', 200],
    ['permissionOnly', 200],
    ['otherModel', 200],
    ['nobody', 200],
  ])('the keys of %s as a target', async (person, outcome) => {
    expect(await listAs(ofApplication('full'), person)).toBe(outcome);
  });

  it.each<[Person, number | string]>([
    ['root', 200],
    // Admins, but an account key carries no right of its own, and only a root admin needs none.
    ['staff', unauthorized],
    ['direct', unauthorized],
    ['roleOnly', noAdmin],
    ['permissionOnly', noAdmin],
    ['otherModel', noAdmin],
  ])('the account key of %s on the keys of nobody', async (person, outcome) => {
    expect(await listAs(ofAccount(person), 'nobody')).toBe(outcome);
  });

  it.each<[Person, number | string]>([
    ['root', 200],
    // Only a root admin's account key reaches an admin's own keys.
    ['staff', unauthorized],
    ['direct', unauthorized],
    ['roleOnly', 200],
    ['nobody', 200],
  ])("the account key of %s on that user's own keys", async (person, outcome) => {
    expect(await listAs(ofAccount(person), person)).toBe(outcome);
  });

  it.each<[KeyName, number | string]>([
    ['full', 200],
    ['read', 200],
    ['write', unauthorized],
    ['ports', unauthorized],
    ['noRight', unauthorized],
    ['noObject', unauthorized],
    ['noNumber', unauthorized],
    ['fraction', unauthorized],
    ['foreign', unauthorized],
    ['none', unauthorized],
  ])('an application key whose permissions are "%s"', async (key, outcome) => {
    expect(await listAs(ofApplication(key), 'nobody')).toBe(outcome);
  });

  it("an application key is not limited by its owner's role", async () => {
    expect(await listAs('papp_ofStaff0000', 'nobody')).toBe(200);
  });

  it('a key without an owner is none', async () => {
    expect(await listAs('papp_ofNobody000', 'nobody')).toBe('401 AuthenticationException: Unauthenticated.');
  });

  it('an unknown target is 404 without a key, a known one 401', async () => {
    const ask = async (path: string) => refusalOf(await send(service.url, { path }));
    const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';
    expect(await ask('/api/application/users/99/api-keys')).toBe(notFound);
    expect(await ask('/api/application/nodes/99/allocations/free')).toBe(notFound);
    expect(await ask('/api/application/users/1/api-keys')).toBe(
      '401 AuthenticationException: Unauthenticated.',
    );
  });
});
