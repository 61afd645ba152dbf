import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { failure, run } from '../support/cli.ts';
import { accountKeysOf, activities, opened, type SeededKey, type SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  let user: SeededUser;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    user = await sidecar.seed.user();
  });
  afterAll(() => sidecar.close());

  const command = (...args: string[]) => run([...args, '--panel', sidecar.panel.folder]);
  const nobody = { ip: '127.0.0.1', actor: null, apiKeyId: null };
  /** What the next commands record. */
  async function recording(): Promise<() => Promise<readonly unknown[]>> {
    const [row] = await sidecar.panel.query('select coalesce(max(id), 0) as last from activity_logs');
    return () => activities(sidecar.panel, 'id > ?', [Number(row?.last)]);
  }

  it('keys are made, listed and revoked, and work and are recorded like those made over HTTP', async () => {
    const { panel, send } = sidecar;
    const { traits } = panel;
    const recorded = await recording();
    const made = await command('keys', 'create', String(user.id), '--description', ' Billing ');
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining(`user ${user.id}`) });
    const bearer = made.stdout.trim();
    expect(bearer).toMatch(new RegExp(`^${traits.prefixes.account}[A-Za-z0-9]{43}$`));
    const identifier = bearer.slice(0, 16);
    const [row] = await accountKeysOf(panel, user);
    expect(row).toMatchObject({ identifier, memo: 'Billing', allowed_ips: '[]', last_used_at: null });
    expect(opened(String(row?.token))).toBe(traits.plaintext(bearer.slice(16)));

    const listed = await command('keys', 'list', `user${user.id}@PANEL.test`, '--json');
    const overHttp = await send({ path: keysOf(user), key: key.bearer });
    expect({ ...listed, stdout: JSON.parse(listed.stdout) }).toEqual({
      ...{ code: 0, stderr: '', stdout: overHttp.json },
    });
    expect((await send({ path: keysOf(user), key: bearer })).status).toBe(200);

    expect(await command('keys', 'revoke', `user${user.id}`, identifier)).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await accountKeysOf(panel, user)).toEqual([]);
    expect((await send({ path: keysOf(user), key: bearer })).status).toBe(401);

    const rows = (await recorded()).filter((activity) => (activity as { actor: unknown }).actor === null);
    expect(rows).toEqual([
      {
        ...{ event: 'user:api-key.create', ...nobody, properties: { identifier } },
        subjects: [`user ${user.id}`, `api_key ${row?.id}`],
      },
      {
        ...{ event: 'user:api-key.view', ...nobody, properties: { user_id: user.id, count: 1 } },
        subjects: [],
      },
      {
        ...{ event: 'user:api-key.delete', ...nobody, properties: { identifier } },
        subjects: [`user ${user.id}`],
      },
    ]);
  });

  it('an admin is out of reach', async () => {
    const admin = await sidecar.seed.user({ admin: true });
    const name = `user ${admin.id} (user${admin.id})`;
    expect(await command('keys', 'create', String(admin.id), '--description', 'x')).toEqual(
      failure(`${name} is an admin, whose keys are out of reach: api_key.allow_admin_targets allows it`),
    );
    expect(await accountKeysOf(sidecar.panel, admin)).toEqual([]);
  });

  it('ports are listed as over HTTP, and that is recorded', async () => {
    const { seed, send } = sidecar;
    const node = await seed.node(5);
    const path = `${freeOn(node)}?per_page=2&page=2`;
    const overHttp = await send({ path, key: key.bearer, headers: { host: 'panel.test' } });
    const recorded = await recording();
    const free = ['allocations', 'free', `node-${node.id}`, '--per-page', '2', '--page', '2'];
    const { stdout, ...rest } = await command(...free, '--json');
    expect({ ...rest, stdout: JSON.parse(stdout) }).toEqual({ code: 0, stderr: '', stdout: overHttp.json });
    expect(await recorded()).toEqual([
      {
        ...{ event: 'node:allocation.view', ...nobody, subjects: [] },
        properties: { node_id: node.id, page: 2, per_page: 2 },
      },
    ]);
  });
});
