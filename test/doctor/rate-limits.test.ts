import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { RedisServer } from '../support/redis-server.ts';
import { examine } from './examine.ts';

const name = 'rate limits';
let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
  });
  afterAll(() => panel.drop());

  it('says that limits are counted by each process where the panel uses no Redis', async () => {
    expect(await examine(panel, name)).toEqual({
      ...{ name, status: 'ok' },
      detail: 'each replica counts for itself: the panel keeps nothing in Redis',
    });
    // As the panel's own example has it: an address, and nothing kept there.
    const { CACHE_DRIVER: _, ...address } = redis.env;
    expect(await examine(panel, name, address)).toMatchObject({ status: 'ok' });
  });

  it('says that they are shared through the panel’s Redis', async () => {
    expect(await examine(panel, name, redis.env)).toEqual({
      ...{ name, status: 'ok' },
      detail: `all replicas count together, in the panel's Redis at 127.0.0.1:${redis.env.REDIS_PORT}`,
    });
  });

  it.each([
    ['does not let the service in', { REDIS_PASSWORD: 'wrong' }],
    ['is not there', { REDIS_PORT: '1' }],
  ])('warns of one that %s, without the password', async (_, env) => {
    const { status, detail, remedy } = await examine(panel, name, { ...redis.env, ...env });
    expect(status).toBe('warn');
    expect(detail).toMatch(
      /^each replica counts for itself: the panel's Redis at 127\.0\.0\.1:\d+ fails with ".+"$/,
    );
    expect(remedy).toBe(
      'see that REDIS_HOST, REDIS_PORT and REDIS_PASSWORD are right as seen from this machine',
    );
    expect(detail).not.toContain(redis.env.REDIS_PASSWORD);
  });
});
