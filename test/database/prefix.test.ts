import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pelicanTables } from '../../src/demo/schema/pelican.ts';
import { pterodactylTables } from '../../src/demo/schema/pterodactyl.ts';
import { cells } from '../support/cells.ts';
import { run } from '../support/cli.ts';
import { type Sent, send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedCredentials } from '../support/recorded-keys.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';

const prefix = 'p_';
const key = recordedCredentials.full?.bearer ?? '';
const carolsKeys = '/api/application/users/1003/api-keys';

describe.each(cells)('with DB_PREFIX set, %s', ({ panel: name, on }) => {
  let panel: PanelDatabase;
  let service: RunningService;
  const request = async (sent: Omit<Sent, 'key'>) => send(service.url, { key, ...sent });

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    await panel.reset(recordedSeed(name));
    for (const table of name === 'pelican' ? pelicanTables : pterodactylTables) {
      await panel.execute(`alter table ${table.name} rename to ${prefix}${table.name}`);
    }
    // Grants belong to the names; those of a prefix are not what is tested here.
    writeFileSync(join(panel.folder, '.env'), panel.envText({ DB_PREFIX: prefix, ...panel.adminEnv }));
    const migrated = await run(['migrate', '--panel', panel.folder]);
    expect(migrated.code).toBe(0);
    service = await startService(panel.folder, { env: recordedEnv });
  });

  afterAll(async () => {
    await service?.stop();
    await panel?.drop();
  });

  it('makes, lists and deletes keys', async () => {
    const made = await request({ method: 'POST', path: carolsKeys, body: { description: 'prefixed' } });
    const { attributes } = made.json as { attributes: { identifier: string } };
    expect((await request({ path: carolsKeys })).text).toContain(attributes.identifier);
    const stored = await panel.query(`select memo from ${prefix}api_keys where identifier = ?`, [
      attributes.identifier,
    ]);
    expect(stored).toEqual([{ memo: 'prefixed' }]);

    const gone = await request({ method: 'DELETE', path: `${carolsKeys}/${attributes.identifier}` });
    expect(gone.status).toBe(204);
    const events = await panel.query(`select event from ${prefix}activity_logs order by id`);
    expect(events.map(({ event }) => event)).toEqual([
      'user:api-key.create',
      'user:api-key.view',
      'user:api-key.delete',
    ]);
    expect(await panel.query(`select count(*) as n from ${prefix}activity_log_subjects`)).toEqual([{ n: 3 }]);
  });

  it('lists ports with their node', async () => {
    const answer = await request({ path: '/api/application/nodes/2001/allocations/free?include=node' });
    expect(answer.json).toMatchObject({ meta: { pagination: { total: 5 }, node: { name: 'conf-a' } } });
  });

  it('knows admins', async () => {
    expect((await request({ path: '/api/application/users/1004/api-keys' })).status).toBe(403);
  });

  it('keeps what it knows of keys in tables with the same prefix', async () => {
    const body = { description: 'known', reference: 'order 7' };
    const made = await request({ method: 'POST', path: carolsKeys, body });
    expect(made.json).toMatchObject({ attributes: { reference: 'order 7' } });
    expect(await panel.query(`select reference from ${prefix}sidecar_keys`)).toEqual([
      { reference: 'order 7' },
    ]);
    const claimed = await request({
      ...{ method: 'POST', path: '/api/application/allocations/claims' },
      body: { node_ids: [2001], count: 1 },
    });
    expect(claimed.status).toBe(201);
    expect(await panel.query(`select count(*) as n from ${prefix}sidecar_holds`)).toEqual([{ n: 1 }]);
  });
});
