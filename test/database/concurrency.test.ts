import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedCredentials } from '../support/recorded-keys.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';

const key = recordedCredentials.full?.bearer ?? '';

describe.each(cells)('two services beside one %s', ({ panel: name, on }) => {
  let panel: PanelDatabase;
  let services: readonly RunningService[] = [];

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    services = await Promise.all([1, 2].map(() => startService(panel.folder, { env: recordedEnv })));
  });

  beforeEach(() => panel.reset(recordedSeed(name)));

  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await panel?.drop();
  });

  /** Statuses of as many creations at once, and how often each occurred. */
  async function createAtOnce(count: number, description: (index: number) => string) {
    const statuses = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const url = services[index % services.length]?.url ?? '';
        const path = '/api/application/users/1005/api-keys';
        const { status } = await send(url, {
          ...{ method: 'POST', path, key, body: { description: description(index) } },
        });
        return status;
      }),
    );
    return Object.fromEntries(
      [...new Set(statuses)].map((status) => [status, statuses.filter((one) => one === status).length]),
    );
  }

  const made = () =>
    panel.query(`
      select (select count(*) from api_keys where user_id = 1005) as made,
        (select count(*) from activity_logs where event = 'user:api-key.create') as recorded`);

  it('make one key of one description', async () => {
    expect(await createAtOnce(40, () => 'the same')).toEqual({ 200: 1, 422: 39 });
    expect(await made()).toEqual([{ made: 1, recorded: 1 }]);
  });

  it('make no key beyond the limit', async () => {
    expect(await createAtOnce(40, (index) => `number ${index}`)).toEqual({ 200: 5, 400: 35 });
    expect(await made()).toEqual([{ made: 5, recorded: 5 }]);
  });
});
