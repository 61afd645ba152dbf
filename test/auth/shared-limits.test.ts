import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { RedisServer } from '../support/redis-server.ts';
import { PanelSeed } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';

const limit = 10;
const away = 'Redis does not answer: rate limits are not shared for now';
const back = 'Redis answers again: rate limits are shared';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

describe.each(cells)('replicas of %s', (cell) => {
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let replicas: readonly RunningService[];
  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    seed = new PanelSeed(panel);
    const env = { ...redis.env, APP_API_APPLICATION_RATELIMIT: String(limit) };
    replicas = await Promise.all([
      startService(panel.folder, { env }),
      startService(panel.folder, { env }),
      startService(panel.folder, { env, args: ['--workers', '2'] }),
    ]);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await panel.drop();
  });

  /** How the replicas answer an account of its own, each so often and all at once. */
  async function answersTo(times: number) {
    const owner = await seed.user({ admin: true });
    const key = await seed.key(owner);
    const path = keysOf(await seed.user());
    const sent = replicas.flatMap(({ url }) =>
      Array.from({ length: times }, () => send(url, { path, key: key.bearer })),
    );
    const answers = await Promise.all(sent);
    const allowed = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 429).length;
    return { owner, allowed, refused };
  }

  /** Which processes have said this, each as often as it did: `1` is the second replica, `2/1` a worker of the third. */
  const whoSaid = (text: string) =>
    replicas
      .flatMap(({ log }, index) =>
        log
          .filter((line) => line.includes(text))
          .map((line) => [index, (JSON.parse(line) as { worker?: number }).worker].join('/')),
      )
      .toSorted();

  it('share the rate limit through the panel’s Redis, under a prefix of its own', async () => {
    const { owner, allowed, refused } = await answersTo(20);
    expect({ allowed, refused }).toEqual({ allowed: limit, refused: 50 });
    const [count, endsIn] = await redis.ask((client) => {
      const name = `panel-sidecar:requests:${owner.uuid}`;
      return Promise.all([client.get(name), client.pttl(name)]);
    });
    expect(count).toBe('60');
    expect(endsIn).toBeGreaterThan(0);
    expect(endsIn).toBeLessThanOrEqual(60_000);
    const names = await redis.ask((client) => client.keys('*'));
    expect(names.filter((name) => !name.startsWith('panel-sidecar:'))).toEqual([]);
    expect(whoSaid(away)).toEqual([]);
  });

  it('leave the panel’s own counters alone', async () => {
    await redis.ask((client) => client.set('panel_cache:counter', '7'));
    await answersTo(5);
    expect(await redis.ask((client) => client.get('panel_cache:counter'))).toBe('7');
    await redis.ask((client) => client.del('panel_cache:counter'));
  });

  it('give a window an end that has lost it', async () => {
    const owner = await seed.user({ admin: true });
    const key = await seed.key(owner);
    const name = `panel-sidecar:requests:${owner.uuid}`;
    await redis.ask((client) => client.set(name, '3'));
    const [first] = replicas;
    const { headers } = await send(first?.url ?? '', { path: keysOf(owner), key: key.bearer });
    expect(headers['x-ratelimit-remaining']).toBe(String(limit - 4));
    expect(await redis.ask((client) => client.pttl(name))).toBeGreaterThan(59_000);
  });

  it('go on when it goes away, say so once, and share again when it is back', async () => {
    await redis.halt();
    // Each process counts by itself, but the workers of one count together.
    expect(await answersTo(20)).toMatchObject({ allowed: 3 * limit, refused: 30 });
    await answersTo(5);
    const noticed = whoSaid(away);
    // Once each; of the two workers one may have had no request, and not have noticed.
    expect([...new Set(noticed)]).toEqual(noticed);
    expect([...new Set(noticed.map((who) => who[0]))]).toEqual(['0', '1', '2']);
    expect(whoSaid(back)).toEqual([]);
    await redis.start();
    await until(() => whoSaid(back).length === noticed.length);
    expect(whoSaid(back)).toEqual(noticed);
    expect(await answersTo(20)).toMatchObject({ allowed: limit, refused: 50 });
  });

  it('do not wait for one that hangs', async () => {
    const resume = await redis.pause();
    try {
      const start = performance.now();
      expect(await answersTo(5)).toMatchObject({ allowed: 15, refused: 0 });
      expect(await answersTo(5)).toMatchObject({ allowed: 15, refused: 0 });
      expect(performance.now() - start).toBeLessThan(2000);
    } finally {
      resume();
    }
    await until(() => whoSaid(back).length === whoSaid(away).length);
    expect(whoSaid(back)).toEqual(whoSaid(away));
    expect(await answersTo(20)).toMatchObject({ allowed: limit, refused: 50 });
  });
});

describe('without Redis at the start', () => {
  it('a service starts, counts for itself and says so', async () => {
    const panel = await createPanelDatabase('pterodactyl', 'mariadb');
    const seed = new PanelSeed(panel);
    const env = { CACHE_DRIVER: 'redis', REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' };
    const service = await startService(panel.folder, {
      env: { ...env, APP_API_APPLICATION_RATELIMIT: '1' },
    });
    try {
      const key = await seed.key(await seed.user({ admin: true }));
      const path = keysOf(await seed.user());
      const ask = () => send(service.url, { path, key: key.bearer });
      expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
      expect(service.log.filter((line) => line.includes(away))).toHaveLength(1);
    } finally {
      await service.stop();
      await panel.drop();
    }
  });
});
