import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseBearer } from '../../src/auth/bearer.ts';
import { serviceAccount } from '../support/admin-session.ts';
import { failure, run } from '../support/cli.ts';
import { insertRows } from '../support/insert-rows.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { accountKeysOf, activities, opened, PanelSeed, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';

let panel: PanelDatabase;
let seed: PanelSeed;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  seed = new PanelSeed(panel);
  await seed.key(await seed.user({ admin: true }));
});

afterAll(() => panel.drop());

const keys = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(['keys', ...args, '--panel', panel.folder], { env });
const create = (user: SeededUser, ...args: string[]) =>
  keys(['create', String(user.id), '--description', ...args]);
const activitiesOn = (user: SeededUser) =>
  activities(
    panel,
    `id in (select activity_log_id from activity_log_subjects where subject_type = 'user' and subject_id = ${user.id})`,
  );

describe('a user is named', () => {
  it('by id, e-mail or username, in any case', async () => {
    const user = await seed.user();
    for (const name of [String(user.id), `user${user.id}@panel.test`, `USER${user.id}`]) {
      expect(await keys(['list', name])).toEqual({
        code: 0,
        stdout: `user ${user.id} (user${user.id}) has no API keys\n`,
        stderr: '',
      });
    }
  });

  it('by id where digits are both, and by username where they are no id', async () => {
    const user = await seed.user();
    const digits = {
      id: user.id + 1000,
      uuid: crypto.randomUUID(),
      password: 'matches nothing',
      use_totp: 0,
    };
    await insertRows(panel, 'users', [{ ...digits, username: String(user.id), email: 'digits@panel.test' }]);
    await insertRows(panel, 'users', [
      {
        ...digits,
        id: user.id + 1001,
        uuid: crypto.randomUUID(),
        username: '0123',
        email: 'zero@panel.test',
      },
    ]);
    expect((await keys(['list', String(user.id)])).stdout).toContain(`user ${user.id} (user${user.id}) has`);
    expect((await keys(['list', '0123'])).stdout).toContain(`user ${user.id + 1001} (0123) has`);
    await panel.execute('delete from users where id > 1000');
  });

  it('by nothing else', async () => {
    for (const name of ['nobody', '0', '99999999999999999999', '-', 'usér1', "x' or '1'='1"]) {
      expect(await keys(['list', name])).toEqual(
        failure(`no user has the id, e-mail or username ${JSON.stringify(name)}`),
      );
    }
  });

  it('by what names one only', async () => {
    const user = await seed.user();
    const twin = { id: user.id + 2000, uuid: crypto.randomUUID(), password: 'matches nothing', use_totp: 0 };
    const username = `user${user.id}@panel.test`;
    await insertRows(panel, 'users', [{ ...twin, username, email: 'twin@panel.test' }]);
    expect(await keys(['list', username])).toEqual(
      failure(
        `"${username}" names user ${user.id} (user${user.id}) and user ${twin.id} (${username}): give the id`,
      ),
    );
    await panel.execute('delete from users where id > 2000');
  });
});

describe('keys list', () => {
  it('prints a table for people, and what HTTP answers for programs', async () => {
    const user = await seed.user();
    const first = await seed.key(user, {
      type: 1,
      memo: 'billing',
      allowedIps: '["10.0.0.0\\/8","1.2.3.4"]',
    });
    const second = await seed.key(user, { type: 1, memo: 'tab\tand \u001b[31mcolour', allowedIps: null });
    await seed.key(user, { type: 2, memo: 'an application key' });
    expect(await keys(['list', String(user.id)])).toEqual({
      code: 0,
      stdout: [
        'IDENTIFIER        DESCRIPTION          ALLOWED FROM         LAST USED  CREATED',
        `${first.identifier}  billing              10.0.0.0/8, 1.2.3.4  never      2026-01-02T03:04:05+00:00`,
        `${second.identifier}  tab\ufffdand \ufffd[31mcolour  anywhere             never      2026-01-02T03:04:05+00:00`,
        '',
      ].join('\n'),
      stderr: '',
    });
    const { stdout } = await keys(['list', String(user.id), '--json']);
    expect(JSON.parse(stdout)).toEqual({
      object: 'list',
      data: [
        {
          object: 'api_key',
          attributes: {
            identifier: first.identifier,
            description: 'billing',
            allowed_ips: ['10.0.0.0/8', '1.2.3.4'],
            last_used_at: null,
            created_at: '2026-01-02T03:04:05+00:00',
          },
        },
        {
          object: 'api_key',
          attributes: {
            identifier: second.identifier,
            description: 'tab\tand \u001b[31mcolour',
            allowed_ips: null,
            last_used_at: null,
            created_at: '2026-01-02T03:04:05+00:00',
          },
        },
      ],
    });
  });

  it('is recorded without a subject, as nobody from this machine', async () => {
    const user = await seed.user();
    await keys(['list', String(user.id)]);
    expect(await activities(panel, `properties like '{"user_id":${user.id},%'`)).toEqual([
      {
        event: 'user:api-key.view',
        ip: '127.0.0.1',
        actor: null,
        apiKeyId: null,
        properties: { user_id: user.id, count: 0 },
        subjects: [],
      },
    ]);
  });
});

describe('keys create', () => {
  it('prints the key alone on standard output, and stores and records it', async () => {
    const user = await seed.user();
    const { code, stdout, stderr } = await create(
      user,
      '  Billing ',
      '--allowed-ip',
      '10.0.0.0/8',
      '1.2.3.*',
    );
    expect(stderr).toBe(`The new key of user ${user.id} (user${user.id}), shown this once:\n`);
    expect(stdout).toMatch(/^ptlc_[A-Za-z0-9]{43}\n$/);
    expect(code).toBe(0);
    const token = parseBearer(`Bearer ${stdout.trim()}`);
    const [row, ...others] = await accountKeysOf(panel, user);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      identifier: token?.identifier,
      memo: 'Billing',
      allowed_ips: '["10.0.0.0\\/8","1.2.3.*"]',
      last_used_at: null,
    });
    expect(opened(String(row?.token))).toBe(`s:32:"${token?.secret}";`);
    expect(await activitiesOn(user)).toEqual([
      {
        event: 'user:api-key.create',
        ip: '127.0.0.1',
        actor: null,
        apiKeyId: null,
        properties: { identifier: token?.identifier },
        subjects: [`user ${user.id}`, `api_key ${row?.id}`],
      },
    ]);
  });

  it('prints what HTTP answers for programs', async () => {
    const user = await seed.user();
    const { stdout, stderr } = await create(
      user,
      'x',
      '--json',
      '--allowed-ip',
      '::1',
      '--allowed-ip',
      '10.0.0.1',
    );
    const [row] = await accountKeysOf(panel, user);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      object: 'api_key',
      attributes: {
        identifier: row?.identifier,
        description: 'x',
        allowed_ips: ['::1', '10.0.0.1'],
        last_used_at: null,
        created_at: `${String(row?.created_at).replace(' ', 'T')}+00:00`,
      },
      meta: { secret_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/) },
    });
  });

  it.each([
    [[' \t'], 'The description field is required.'],
    [['d'.repeat(501)], 'The description may not be greater than 500 characters.'],
    [
      ['x', '--allowed-ip', '1.2.3.4/33', 'home'],
      '"1.2.3.4/33" is not a valid IP address or CIDR range. "home" is not a valid IP address or CIDR range.',
    ],
  ])('holds input to the rules of HTTP (%#)', async (args, reason) => {
    const user = await seed.user();
    expect(await create(user, ...args)).toEqual(failure(reason));
    expect(await accountKeysOf(panel, user)).toEqual([]);
    expect(await activitiesOn(user)).toEqual([]);
  });

  it('holds users to one key a description, and to the limit', async () => {
    const user = await seed.user();
    await seed.key(user, { type: 1, memo: 'Billing' });
    expect(await create(user, 'billing')).toEqual(
      failure('You already have an API key with this description.'),
    );
    const env = { CLIENT_API_MAX_KEYS_PER_USER: '1' };
    expect(await keys(['create', String(user.id), '--description', 'other'], env)).toEqual(
      failure('This user has reached the limit of 1 API keys.'),
    );
  });

  it('makes nothing where the activity log cannot be written', async () => {
    const user = await seed.user();
    const [{ name } = { name: '' }] = await panel.query('select database() as name');
    const privilege = `insert (event) on ${name}.activity_logs`;
    await panel.execute(`grant select (event) on ${name}.activity_logs to ${serviceAccount(panel)}`);
    await panel.execute(`revoke ${privilege} from ${serviceAccount(panel)}`);
    const { code, stdout, stderr } = await create(user, 'unrecorded');
    await panel.execute(`grant ${privilege} to ${serviceAccount(panel)}`);
    await panel.execute(`revoke select (event) on ${name}.activity_logs from ${serviceAccount(panel)}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^panel-sidecar: the activity log could not be written, so nothing was done: INSERT command denied [^\n]*\n$/,
    );
    expect(await accountKeysOf(panel, user)).toEqual([]);
  });
});

describe('keys revoke', () => {
  it('deletes the key and records it', async () => {
    const user = await seed.user();
    const key = await seed.key(user, { type: 1 });
    expect(await keys(['revoke', String(user.id), key.identifier])).toEqual({
      code: 0,
      stdout: `Revoked ${key.identifier} of user ${user.id} (user${user.id})\n`,
      stderr: '',
    });
    expect(await accountKeysOf(panel, user)).toEqual([]);
    expect(await activitiesOn(user)).toEqual([
      {
        event: 'user:api-key.delete',
        ip: '127.0.0.1',
        actor: null,
        apiKeyId: null,
        properties: { identifier: key.identifier },
        subjects: [`user ${user.id}`],
      },
    ]);
    const other = await seed.key(user, { type: 1 });
    expect(await keys(['revoke', String(user.id), other.identifier, '--json'])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it("refuses a key that is another's, an application key, or not there", async () => {
    const user = await seed.user();
    const application = await seed.key(user, { type: 2 });
    const others = await seed.key(await seed.user(), { type: 1 });
    for (const identifier of [application.identifier, others.identifier, 'ptlc_nowhere1234']) {
      expect(await keys(['revoke', String(user.id), identifier])).toEqual(
        failure(`user ${user.id} (user${user.id}) has no account key ${identifier}`),
      );
    }
    expect(await activitiesOn(user)).toEqual([]);
  });

  it('does not repeat a whole key given in place of its identifier', async () => {
    const user = await seed.user();
    const { bearer } = await seed.key(user, { type: 1 });
    expect(await keys(['revoke', String(user.id), bearer])).toEqual(
      failure('an identifier is the first 16 characters of a key, and no more'),
    );
    expect(await accountKeysOf(panel, user)).toHaveLength(1);
  });
});

it("an admin's keys are out of reach, unless the configuration says otherwise", async () => {
  const admin = await seed.user({ admin: true });
  const name = String(admin.id);
  const refusal = failure(
    `user ${name} (user${name}) is an admin, whose keys are out of reach: api_key.allow_admin_targets allows it`,
  );
  expect(await keys(['list', name])).toEqual(refusal);
  expect(await keys(['create', name, '--description', 'x'])).toEqual(refusal);
  expect(await keys(['revoke', name, 'ptlc_nowhere1234'])).toEqual(refusal);
  expect(await accountKeysOf(panel, admin)).toEqual([]);

  const env = { CLIENT_API_ALLOW_ADMIN_TARGETS: 'true' };
  expect((await keys(['create', name, '--description', 'x'], env)).code).toBe(0);
  expect(await accountKeysOf(panel, admin)).toHaveLength(1);
});

it('a key made here is one that the service knows', async () => {
  const user = await seed.user();
  const { stdout } = await create(user, 'for the API');
  const service: RunningService = await startService(panel.folder);
  const answer = await fetch(`${service.url}/api/application/users/${user.id}/api-keys`, {
    headers: { authorization: `Bearer ${stdout.trim()}` },
  });
  await service.stop();
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ data: [{ attributes: { description: 'for the API' } }] });
});
