import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Life, lifeCells, recordedOf, startLife } from '../support/life.ts';
import { accountKeysOf, type SeededUser } from '../support/seed.ts';
import { until } from '../support/sidecar.ts';

describe.each(lifeCells)('keys that a killed doctor has left, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  beforeAll(async () => {
    life = await startLife(cell, { SIDECAR_SCOPES_ENFORCE: 'true' });
    user = await life.seed.user();
  });
  afterAll(() => life.close());

  async function addKey(memo: string, end: number, permissions: string | null = '["user.read"]') {
    const key = await life.seed.key(user, { type: 1, memo });
    await life.panel.execute(
      'insert into sidecar_keys (api_key_id, identifier, permissions, expires_at) values (?, ?, ?, ?)',
      [key.id, key.identifier, permissions, end],
    );
    return key;
  }

  it('are deleted once they have ended, and no others', async () => {
    const others = [
      await addKey('panel-sidecar doctor', Date.now() + 3_600_000),
      await addKey('panel-sidecar doctor 2', Date.now() - 1),
      await addKey('panel-sidecar doctor', Date.now() - 1, null),
      await life.seed.key(user, { type: 1, memo: 'panel-sidecar doctor' }),
    ];
    const left = await addKey('panel-sidecar doctor', Date.now() - 1);
    await until(async () => (await accountKeysOf(life.panel, user)).length === others.length);
    const there = (await accountKeysOf(life.panel, user)).map(({ identifier }) => identifier);
    expect(there).toEqual(others.map(({ identifier }) => identifier));
    expect(await recordedOf(life.panel, 'user:api-key.delete', left)).toEqual([
      {
        ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: null, apiKeyId: null },
        ...{ properties: { identifier: left.identifier }, subjects: [`user ${user.id}`] },
      },
    ]);
    expect(
      await life.panel.query('select api_key_id from sidecar_keys where identifier = ?', [left.identifier]),
    ).toEqual([]);
  });
});
