import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf, type Sent, send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { activities, PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { freeOn, keysOf, unlimited } from '../support/sidecar.ts';
import { accessCases, callers, freePortCases, type Target } from './access-tables.ts';

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

const tooMany = { CLIENT_API_MAX_KEYS_PER_USER: '10000' };

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let node: { id: number };
  const seeded = new Map<string, { owner: SeededUser; key: SeededKey }>();
  const others = new Map<Target, { id: number }>([['nobody', { id: 4_000_000 }]]);

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    seed = new PanelSeed(panel);
    for (const [name, { owner: details, type, acl }] of Object.entries(callers[cell.panel])) {
      const owner = await seed.user(details);
      seeded.set(name, { owner, key: await seed.key(owner, { type, acl }) });
    }
    others.set('other', await seed.user());
    others.set('admin', await seed.user({ admin: true }));
    node = await seed.node(1);
  });
  afterAll(() => panel.drop());

  describe.each(accessCases(cell.panel))('%s', (title, cases) => {
    let service: RunningService;
    beforeAll(async () => {
      const env = {
        ...{ ...unlimited, ...tooMany, APP_2FA_REQUIRED: '2' },
        CLIENT_API_SELF_SERVICE: String(title.startsWith('self-service on')),
        CLIENT_API_ALLOW_ADMIN_TARGETS: String(title.endsWith('allowed')),
      };
      service = await startService(panel.folder, { env });
    });
    afterAll(() => service.stop());

    it.each(cases)('%s may %s for %s: %s', async (caller, operation, target, expected) => {
      const request = await requestFor(callerOf(caller).owner, operation, target);
      await check(
        await send(service.url, { ...request, key: callerOf(caller).key.bearer }),
        caller,
        expected,
      );
    });

    it.each(freePortCases(cell.panel))('%s may list free ports: %s', async (caller, expected) => {
      const request = { path: freeOn(node), key: callerOf(caller).key.bearer };
      await check(await send(service.url, request), caller, expected);
      const nowhere = await send(service.url, { ...request, path: freeOn({ id: 4_000_000 }) });
      expect(refusalOf(nowhere)).toBe(outcomes[expected === '2fa' ? '2fa' : '404']);
    });
  });

  function callerOf(name: string) {
    const caller = seeded.get(name);
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
});
