import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { pelicanTables } from '../../src/demo/schema/pelican.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { keysOf } from '../support/sidecar.ts';

describe('pelican on postgres, in a schema of its own', () => {
  let panel: PanelDatabase;
  beforeAll(async () => {
    panel = await createPanelDatabase('pelican', 'postgres');
  });
  afterAll(() => panel?.drop());

  // Laravel takes the names apart in all of these ways.
  test('is found by the names that DB_SCHEMA lists', async () => {
    const seed = new PanelSeed(panel);
    const key = await seed.key(await seed.user({ admin: true }));
    const user = await seed.user();
    await panel.execute('create schema games');
    for (const { name } of pelicanTables) await panel.execute(`alter table ${name} set schema games`);
    // Rights belong to the schemas; those of another one are not what is tested here.
    const { rootUser, rootPassword } = inject('postgres');
    const account = { DB_USERNAME: rootUser, DB_PASSWORD: rootPassword };
    for (const schemas of ['games', 'games,public', '"games" public', 'nowhere, games']) {
      writeFileSync(join(panel.folder, '.env'), panel.envText({ ...account, DB_SCHEMA: schemas }));
      const service = await startService(panel.folder);
      const answer = await send(service.url, { path: keysOf(user), key: key.bearer });
      await service.stop();
      expect([schemas, answer.status]).toEqual([schemas, 200]);
    }
  });
});
