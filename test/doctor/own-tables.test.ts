import { expect, test } from 'vitest';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase } from '../support/panel-database.ts';
import { examine } from './examine.ts';

const enforced = { SIDECAR_SCOPES_ENFORCE: 'true' };

test('says what is off without them, and that enforcement needs them', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'sqlite');
  const without = [await examine(panel, 'own tables'), await examine(panel, 'own tables', enforced)];
  const untried = await examine(panel, 'scopes', enforced);
  await migrateOwnTables(panel);
  const withThem = await examine(panel, 'own tables', enforced);
  await panel.drop();
  expect(without).toEqual([
    {
      ...{ name: 'own tables', status: 'ok' },
      detail:
        'none, so these are answered 501: scopes, references, looking at one key, changing, disabling and rotating keys, searching all keys, revoking many at once, Idempotency-Key and webhooks; run panel-sidecar migrate --panel PATH to have them',
    },
    {
      ...{ name: 'own tables', status: 'fail' },
      detail: 'none, so the service does not start: scopes.enforce needs them',
      remedy: 'run panel-sidecar migrate --panel PATH',
    },
  ]);
  expect(untried).toEqual({ name: 'scopes', status: 'skip', detail: 'needs the own tables' });
  expect(withThem).toEqual({ name: 'own tables', status: 'ok', detail: 'there, with every column needed' });
});
