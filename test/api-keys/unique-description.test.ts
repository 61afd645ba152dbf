import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf, send } from '../support/client.ts';
import { accountKeysOf, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, type Sidecar, startSidecar, unlimited } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(() => sidecar.close());

  async function create(user: SeededUser, description: string, url = sidecar.service.url) {
    return send(url, { method: 'POST', path: keysOf(user), key: key.bearer, body: { description } });
  }

  const refusal = [
    {
      code: 'ValidationException',
      status: '422',
      detail: 'You already have an API key with this description.',
      meta: { source_field: 'description', rule: 'unique' },
    },
  ];

  describe('a description is taken by', () => {
    it.each([
      ['the same', 'Billing', 'Billing'],
      ['other case', 'Billing', 'bILLING'],
      ['case beyond ASCII', 'ÄÖÜ ЖУК', 'äöü жук'],
      ['white space around it', 'Billing', '  Billing\t\n'],
      ['invisible characters around it', 'Billing', '\u200bBilling\ufeff'],
      ['a composed letter for a decomposed one', 'Cafe\u0301', 'Caf\u00e9'],
      ['a decomposed letter for a composed one', 'Caf\u00e9', 'CAFE\u0301'],
      ['zero', '0', '0'],
    ])('%s', async (_, first, second) => {
      const user = await sidecar.seed.user();
      expect((await create(user, first)).status).toBe(200);
      const answer = await create(user, second);
      expect(errorsOf(answer)).toEqual(refusal);
      expect(await accountKeysOf(sidecar.panel, user)).toHaveLength(1);
    });

    it.each(['  Billing ', 'BILLING'])('%j, stored by the panel', async (memo) => {
      const user = await sidecar.seed.user();
      await sidecar.seed.key(user, { type: 1, memo });
      expect(errorsOf(await create(user, 'billing'))).toEqual(refusal);
    });
  });

  describe('a description is free beside', () => {
    it.each([
      ['another', 'Billing', 'Billing 2'],
      ['one with other white space inside', 'a b', 'a  b'],
      ['one that only a collation calls equal', 'resume', 'résumé'],
      ['one that only a compatibility form calls equal', 'file', 'ﬁle'],
      ['one with an ß for ss, which collations call equal', 'strasse', 'straße'],
    ])('%s', async (_, first, second) => {
      const user = await sidecar.seed.user();
      expect((await create(user, first)).status).toBe(200);
      expect((await create(user, second)).status).toBe(200);
    });

    it('the same one of another user', async () => {
      expect((await create(await sidecar.seed.user(), 'mine')).status).toBe(200);
      expect((await create(await sidecar.seed.user(), 'mine')).status).toBe(200);
    });

    it("one of the user's application keys, and one that is NULL", async () => {
      const user = await sidecar.seed.user();
      await sidecar.seed.key(user, { type: 2, memo: 'Billing' });
      await sidecar.seed.key(user, { type: 1, memo: null });
      expect((await create(user, 'Billing')).status).toBe(200);
    });

    it('one that was deleted', async () => {
      const user = await sidecar.seed.user();
      const made = (await create(user, 'again')).json as { attributes: { identifier: string } };
      const path = `${keysOf(user)}/${made.attributes.identifier}`;
      expect((await sidecar.send({ method: 'DELETE', path, key: key.bearer })).status).toBe(204);
      expect((await create(user, 'again')).status).toBe(200);
    });
  });

  describe('with unique_description off', () => {
    let service: RunningService;
    beforeAll(async () => {
      const env = { ...unlimited, CLIENT_API_UNIQUE_DESCRIPTION: 'false' };
      service = await startService(sidecar.panel.folder, { env });
    });
    afterAll(() => service.stop());

    it('equal descriptions stand side by side', async () => {
      const user = await sidecar.seed.user();
      expect((await create(user, 'same', service.url)).status).toBe(200);
      expect((await create(user, 'same', service.url)).status).toBe(200);
      expect(await accountKeysOf(sidecar.panel, user)).toHaveLength(2);
    });
  });
});
