import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, refusalOf, type Sent, send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { activities, PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { freeOn, keysOf, unlimited } from '../support/sidecar.ts';

const outcomes: Readonly<Record<string, string>> = {
  gate: '403 AccessDeniedHttpException: This account does not have permission to access the API.',
  acl: '403 AccessDeniedHttpException: This action is unauthorized.',
  target: '403 AccessDeniedHttpException: This action is unauthorized.',
  404: '404 NotFoundHttpException: The requested resource could not be found on the server.',
  '2fa':
    '400 TwoFactorAuthRequiredException: Two-factor authentication is required on this account in order to access this endpoint.',
};
const recordedReasons: Readonly<Record<string, string>> = {
  ...{ gate: 'not-admin', acl: 'acl', target: 'admin-target' },
};

// Callers: application keys of a root admin with ACL 3, 1, 2 and 0 on everything, an application key with ACL 3
// whose owner is no admin, account keys of a user and of a root admin, and one of a user who lacks the second
// factor that the policy demands. Targets: somebody else, the caller's own account, another admin, nobody.
const targets = ['other', 'own', 'admin', 'nobody'] as const;
type Target = (typeof targets)[number];

const tables = {
  'self-service on, admin targets refused': `
    caller    does   other  own     admin   nobody
    full      list   ok     target  target  404
    full      write  ok     target  target  404
    ro        list   ok     target  target  404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     target  target  404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   ok      gate    404
    user      write  gate   ok      gate    404
    root      list   ok     ok      target  404
    root      write  ok     ok      target  404
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
  'self-service off, admin targets refused': `
    caller    does   other  own     admin   nobody
    full      list   ok     target  target  404
    full      write  ok     target  target  404
    ro        list   ok     target  target  404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     target  target  404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   gate    gate    404
    user      write  gate   gate    gate    404
    root      list   ok     target  target  404
    root      write  ok     target  target  404
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
  'self-service on, admin targets allowed': `
    caller    does   other  own     admin   nobody
    full      list   ok     ok      ok      404
    full      write  ok     ok      ok      404
    ro        list   ok     ok      ok      404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     ok      ok      404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   ok      gate    404
    user      write  gate   ok      gate    404
    root      list   ok     ok      ok      404
    root      write  ok     ok      ok      404
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
  'self-service off, admin targets allowed': `
    caller    does   other  own     admin   nobody
    full      list   ok     ok      ok      404
    full      write  ok     ok      ok      404
    ro        list   ok     ok      ok      404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     ok      ok      404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   gate    gate    404
    user      write  gate   gate    gate    404
    root      list   ok     ok      ok      404
    root      write  ok     ok      ok      404
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
};
const freePorts = `
    full ok   ro ok   wo acl   none acl   demoted gate   user gate   root ok   no2fa 2fa`;

const words = (text: string) => text.trim().split(/\s+/);

let panel: PanelDatabase;
let seed: PanelSeed;
let node: { id: number };
const callers = new Map<string, { owner: SeededUser; key: SeededKey }>();
const others = new Map<Target, { id: number }>([['nobody', { id: 4_000_000 }]]);

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  seed = new PanelSeed(panel);
  const add = async (name: string, user: { admin?: boolean; totp?: boolean }, type: number, acl: number) => {
    const owner = await seed.user({ totp: true, ...user });
    callers.set(name, { owner, key: await seed.key(owner, { type, acl }) });
  };
  await add('full', { admin: true }, 2, 3);
  await add('ro', { admin: true }, 2, 1);
  await add('wo', { admin: true }, 2, 2);
  await add('none', { admin: true }, 2, 0);
  await add('demoted', {}, 2, 3);
  await add('user', {}, 1, 0);
  await add('root', { admin: true }, 1, 0);
  await add('no2fa', { totp: false }, 1, 0);
  others.set('other', await seed.user());
  others.set('admin', await seed.user({ admin: true }));
  node = await seed.node(1);
});
afterAll(() => panel.drop());

describe.each(Object.entries(tables))('%s', (title, table) => {
  let service: RunningService;
  beforeAll(async () => {
    const env = {
      ...{ ...unlimited, APP_2FA_REQUIRED: '2', CLIENT_API_MAX_KEYS_PER_USER: '10000' },
      CLIENT_API_SELF_SERVICE: String(title.startsWith('self-service on')),
      CLIENT_API_ALLOW_ADMIN_TARGETS: String(title.endsWith('allowed')),
    };
    service = await startService(panel.folder, { env });
  });
  afterAll(() => service.stop());

  const cases = table
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [caller = '', does, ...expected] = words(line);
      const operations = does === 'write' ? ['create', 'delete'] : ['list'];
      return operations.flatMap((operation) =>
        targets.map((target, index) => [caller, operation, target, expected[index] ?? ''] as const),
      );
    });
  it.each(cases)('%s may %s for %s: %s', async (caller, operation, target, expected) => {
    const request = await requestFor(callerOf(caller).owner, operation, target);
    await check(await send(service.url, { ...request, key: callerOf(caller).key.bearer }), caller, expected);
  });

  const cells = words(freePorts);
  const free = cells.flatMap((caller, index) =>
    index % 2 ? [] : ([[caller, cells[index + 1] ?? '']] as const),
  );
  it.each(free)('%s may list free ports: %s', async (caller, expected) => {
    const request = { path: freeOn(node), key: callerOf(caller).key.bearer };
    await check(await send(service.url, request), caller, expected);
    const nowhere = await send(service.url, { ...request, path: freeOn({ id: 4_000_000 }) });
    expect(refusalOf(nowhere)).toBe(outcomes[expected === '2fa' ? '2fa' : '404']);
  });
});

function callerOf(name: string) {
  const caller = callers.get(name);
  if (caller === undefined) throw new Error(`no caller ${name}`);
  return caller;
}

let count = 0;
async function requestFor(owner: SeededUser, operation: string, target: Target): Promise<Sent> {
  const user = target === 'own' ? owner : others.get(target);
  if (user === undefined) throw new Error(`no target ${target}`);
  const path = keysOf(user);
  count += 1;
  if (operation === 'list') return { path };
  if (operation === 'create') return { method: 'POST', path, body: { description: `made ${count}` } };
  if (target === 'nobody') return { method: 'DELETE', path: `${path}/ptlc_0123456789A` };
  const doomed = await seed.key(user, { type: 1, memo: `doomed ${count}` });
  return { method: 'DELETE', path: `${path}/${doomed.identifier}` };
}

async function check(answer: Answer, caller: string, expected: string): Promise<void> {
  if (expected === 'ok') {
    expect([200, 204]).toContain(answer.status);
    return;
  }
  expect(refusalOf(answer)).toBe(outcomes[expected]);
  const reason = recordedReasons[expected];
  if (reason === undefined) return;
  const rows = await activities(panel, 'api_key_id = ?', [callerOf(caller).key.id]);
  expect(rows.at(-1)?.properties).toMatchObject({ status: 403, reason });
}
