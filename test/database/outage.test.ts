import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf } from '../support/client.ts';
import { type DatabaseServer, startServer } from '../support/database-server.ts';
import { panelTraits } from '../support/panel-traits.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells.filter(({ on }) => on !== 'sqlite'))('%s', (cell) => {
  let server: DatabaseServer;
  let sidecar: Sidecar;
  let key: SeededKey;
  let user: SeededUser;
  let node: { id: number };
  beforeAll(async () => {
    server = await startServer(cell.on);
    sidecar = await startSidecar(cell, {
      env: { SIDECAR_DATABASE_TIMEOUT_MS: '1000' },
      address: server.address,
    });
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    user = await sidecar.seed.user();
    node = await sidecar.seed.node(3);
  });
  afterAll(async () => {
    await server.start();
    await sidecar.close();
    await server.stop();
  });

  const list = () => sidecar.send({ path: keysOf(user), key: key.bearer });
  const free = () => sidecar.send({ path: freeOn(node), key: key.bearer });
  const create = (description: string) =>
    sidecar.send({ method: 'POST', path: keysOf(user), key: key.bearer, body: { description } });

  function expectUnavailable(answer: Answer): void {
    expect(refusalOf(answer)).toMatch(
      /^503 ServiceUnavailableHttpException: The (database|audit log) is not/,
    );
    expect(answer.headers['retry-after']).toBe('1');
  }

  async function expectAway(): Promise<void> {
    for (const answer of await Promise.all([list(), free(), create('no')])) expectUnavailable(answer);
    // What needs no database is answered.
    expect((await sidecar.send({ path: '/healthz' })).status).toBe(200);
    expect((await sidecar.send({ path: '/metrics' })).status).toBe(200);
    // Pelican looks for the target before it misses the key.
    const withoutKey = panelTraits[cell.panel].checks[0] === 'key' ? 401 : 503;
    expect((await sidecar.send({ path: keysOf(user) })).status).toBe(withoutKey);
    expect((await sidecar.send({ path: '/nothing' })).status).toBe(404);
    const ready = await sidecar.send({ path: '/readyz' });
    expect([ready.status, ready.json]).toEqual([503, { status: 'unavailable', database: 'unavailable' }]);
  }

  async function expectBack(description: string): Promise<void> {
    await until(async () => (await sidecar.send({ path: '/readyz' })).status === 200);
    expect((await list()).status).toBe(200);
    expect((await free()).status).toBe(200);
    expect((await create(description)).status).toBe(200);
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'a database that ends by %s is 503, and all is well when it is back',
    async (signal) => {
      expect((await list()).status).toBe(200);
      await server.halt(signal);
      await expectAway();
      await server.start();
      await expectBack(`after ${signal}`);
    },
  );

  it('a database that ends under load fails requests with 503 and nothing else, and keeps keys and audit equal', async () => {
    let isOver = false;
    const statuses = new Set<number>();
    let count = 0;
    const work = async () => {
      while (!isOver) {
        count += 1;
        const own = await Promise.all([list(), free(), create(`load ${count}`)]);
        for (const { status } of own) statuses.add(status);
      }
    };
    const workers = Array.from({ length: 12 }, work);
    await until(() => count > 40);
    await server.halt('SIGKILL');
    await until(() => statuses.has(503));
    await server.start();
    await until(async () => (await list()).status === 200);
    isOver = true;
    await Promise.all(workers);
    // 400 is the limit of keys, which the load reaches.
    expect([...statuses].sort()).toEqual([200, 400, 503]);
    const made = await activities(sidecar.panel, "event = 'user:api-key.create'");
    const identifiers = made.map(({ properties }) => (properties as { identifier: string }).identifier);
    expect(identifiers).toEqual(
      (await accountKeysOf(sidecar.panel, user)).map(({ identifier }) => identifier),
    );
  });

  it('a database that takes connections but does not answer is 503 within the time-out', async () => {
    const goOn = await server.pause();
    try {
      const from = Date.now();
      for (const answer of await Promise.all([list(), free(), create('no'), list()]))
        expectUnavailable(answer);
      const ready = await sidecar.send({ path: '/readyz' });
      expect(ready.status).toBe(503);
      expect(Date.now() - from).toBeLessThan(5000);
      expect((await sidecar.send({ path: '/healthz' })).status).toBe(200);
    } finally {
      goOn();
    }
    await until(async () => (await list()).status === 200);
  });

  it('a service that cannot reach its database stops at once', async () => {
    await server.halt();
    try {
      const from = Date.now();
      expect(await sidecar.service.stop()).toBe(0);
      expect(Date.now() - from).toBeLessThan(5000);
    } finally {
      await server.start();
    }
  });
});
