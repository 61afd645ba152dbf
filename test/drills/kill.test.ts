import { once } from 'node:events';
import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells, type DatabaseName, pterodactyl } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { isLetGo } from '../support/let-go.ts';
import { keyOf, type Life, listedKeys, madeKey, startLife } from '../support/life.ts';
import type { SeededUser } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';
import { KeyLog } from './key-log.ts';
import { drillTimeout, randomFrom, seed, sized, tell } from './size.ts';

const env = {
  CLIENT_API_MAX_KEYS_PER_USER: '10000',
  SIDECAR_MAX_IN_FLIGHT: '10000',
  // All that are sent at once wait for their turn.
  SIDECAR_DATABASE_TIMEOUT_MS: '60000',
};
const sizeElsewhere: Readonly<Record<DatabaseName, { rounds: number; requests: number }>> = {
  mariadb: sized({ rounds: 5, requests: 2000 }, { rounds: 1, requests: 250 }),
  mysql: sized({ rounds: 5, requests: 2000 }, { rounds: 1, requests: 250 }),
  postgres: sized({ rounds: 5, requests: 2000 }, { rounds: 1, requests: 250 }),
  sqlite: sized({ rounds: 5, requests: 1000 }, { rounds: 1, requests: 100 }),
};
const brokenOff = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'];

describe.each(cells)('a service of %s that is killed while it makes and deletes keys', (cell) => {
  const size =
    cell === pterodactyl
      ? sized({ rounds: 20, requests: 5000 }, { rounds: 3, requests: 250 })
      : sizeElsewhere[cell.on];
  const random = randomFrom(seed);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const log = new KeyLog();
  const users: SeededUser[] = [];
  let life: Life;
  let count = 0;

  beforeAll(async () => {
    life = await startLife(cell, env);
    for (let index = 0; index < 50; index += 1) users.push(await life.seed.user());
  });
  afterAll(() => life?.close());

  const create = async (url: string, agent: Agent) => {
    count += 1;
    const [path, body] = [keysOf(pick(users)), { description: `key ${count}` }];
    const answer = await send(url, { method: 'POST', path, body, key: life.key.bearer, agent });
    log.made.add(madeKey(answer).identifier);
  };
  const remove = async (url: string, agent: Agent, key: { identifier: string; user: number }) => {
    const path = keyOf({ id: key.user }, key);
    const answer = await send(url, { method: 'DELETE', path, key: life.key.bearer, agent });
    expect(answer.status).toBe(204);
    log.ended.add(key.identifier);
  };

  /** Sends all at once, and answers with how many were answered before the service was gone. */
  async function sendAll(works: readonly (() => Promise<void>)[], killAt: number, service: RunningService) {
    let answered = 0;
    await Promise.all(
      works.map(async (work) => {
        try {
          await work();
        } catch (error) {
          if (!brokenOff.includes((error as { code?: string }).code ?? '')) throw error;
          return;
        }
        answered += 1;
        if (answered === killAt) service.process.kill('SIGKILL');
      }),
    );
    return answered;
  }

  test(
    `leaves keys and audit equal, ${size.rounds} times, seed ${seed}`,
    async () => {
      let { service } = life;
      const first = new Agent({ keepAlive: true, maxSockets: 64 });
      await Promise.all(Array.from({ length: size.requests / 2 }, () => create(service.url, first)));
      first.destroy();
      for (let round = 1; round <= size.rounds; round += 1) {
        const keys = [...(await log.check(life.panel))].sort(() => random() - 0.5);
        const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
        const { url } = service;
        const works = Array.from({ length: size.requests }, (_, index) => {
          const key = index % 2 === 0 ? keys[index / 2] : undefined;
          return () => (key === undefined ? create(url, agent) : remove(url, agent, key));
        });
        const killAt = Math.ceil((0.02 + 0.9 * random()) * size.requests);
        const gone = once(service.process, 'exit');
        const answered = await sendAll(works, killAt, service);
        await gone;
        agent.destroy();
        await until(() => isLetGo(life.panel));
        service = await life.start(env);
        const there = await log.check(life.panel);
        tell(`killed, ${cell}`, { round, killAt, answered, keys: there.length });
        expect(answered).toBeGreaterThanOrEqual(killAt);
        // It goes on as if nothing had been.
        const user = pick(users);
        const listed = listedKeys(await send(service.url, { path: keysOf(user), key: life.key.bearer }));
        expect(listed).toHaveLength(there.filter((key) => key.user === user.id).length);
      }
    },
    drillTimeout,
  );
});
