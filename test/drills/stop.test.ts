import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Life, startLife } from '../support/life.ts';
import type { SeededUser } from '../support/seed.ts';
import { keysOf, until } from '../support/sidecar.ts';
import { LeavingCallers } from './leaving-callers.ts';
import { drillTimeout, randomFrom, seed, sized, tell } from './size.ts';

const env = { CLIENT_API_MAX_KEYS_PER_USER: '10000' };
const rounds = sized(20, 2);
const callers = sized(100, 30);
/** At the small size other tests have the machine too. */
const longestStopMs = sized(3_000, 15_000);

describe.each(cells)('%s', (cell) => {
  let life: Life;
  const users: SeededUser[] = [];
  const random = randomFrom(seed);
  beforeAll(async () => {
    life = await startLife(cell, env);
    for (let index = 0; index < 20; index += 1) users.push(await life.seed.user());
  });
  afterAll(() => life?.close());

  test(
    `a service that is told to stop under load loses no request, ${rounds} times, seed ${seed}`,
    async () => {
      for (let round = 1; round <= rounds; round += 1) {
        const service = round === 1 ? life.service : await life.start(env);
        const path = (number: number) => keysOf(users[number % users.length] ?? life.admin);
        const working = new LeavingCallers(service.url, {
          key: life.key.bearer,
          callers,
          path,
          name: `${round}`,
        });
        const enough = callers * (1 + 4 * random());
        await until(() => working.answered > enough);
        const from = performance.now();
        const code = await service.stop();
        const stopMs = performance.now() - from;
        const { lost, unsure, made } = await working.left();
        const rows = await life.panel.query('select count(*) as number from api_keys where memo like ?', [
          `${round} %`,
        ]);
        tell(`stopped, ${cell}`, {
          ...{ round, answered: working.answered, lost: lost.length, unsure: unsure.length },
          ...{ made, rows: Number(rows[0]?.number), stopMs: Math.round(stopMs) },
        });
        expect(lost).toEqual([]);
        // Whoever was refused on a new connection can ask elsewhere: nothing was done for them.
        expect(Number(rows[0]?.number)).toBe(made);
        expect(code).toBe(0);
        // What has been accepted is finished first.
        expect(stopMs).toBeLessThan(longestStopMs);
      }
    },
    drillTimeout,
  );
});
