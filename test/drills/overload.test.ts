import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { percentile } from '../../bench/percentile.ts';
import { cells } from '../support/cells.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';
import { watchHealth } from './health.ts';
import { residentMemory } from './resources.ts';
import { drillTimeout, sized, tell } from './size.ts';
import { byStatus, type Outcome, SteadyLoad, timesOf } from './steady-load.ts';

const capacity = sized(200, 20);
const seconds = sized(20, 1.5);
/** What this process needs itself for so many callers counts too. */
const boundedMs = sized(6000, 2000);
/** With 2,000 connections it goes up and down between 220 and 280, however long they stay. */
const mostMebibytes = 350;

describe.each(cells)('%s, asked by ten times as many as it works for at once', (cell) => {
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar(cell, { env: { SIDECAR_MAX_IN_FLIGHT: String(capacity) } });
  });
  afterAll(() => sidecar?.close());

  /** Who is told to come back does so after a while, and far sooner than told. */
  const pauseMs = ({ status }: Outcome) => (status === 503 ? 200 : 0);

  async function loadOf(callers: number): Promise<readonly Outcome[]> {
    const { seed, service } = sidecar;
    const key = (await seed.key(await seed.user({ admin: true }))).bearer;
    const path = keysOf(await seed.user());
    const load = new SteadyLoad(service.url, { list: () => ({ path, key }) }, { callers, pauseMs });
    await delay(seconds * 1000);
    await load.stop();
    return load.outcomes;
  }

  test(
    'answers what it accepts in time, refuses the rest at once, and tells that it is alive',
    async () => {
      const { service } = sidecar;
      const calm = timesOf(await loadOf(capacity / 2));
      const logged = service.log.length;
      const healthy = watchHealth(service.url);
      const outcomes = await loadOf(10 * capacity);
      const slowestHealth = await healthy();
      const memory = await residentMemory(service);

      const accepted = timesOf(outcomes.filter(({ status }) => status === 200));
      const refused = outcomes.filter(({ status }) => status === 503);
      const times = { calm: percentile(calm, 99), accepted: percentile(accepted, 99) };
      // As the service has measured it: what callers see holds this process's own work for so many of them.
      const lines = service.log
        .slice(logged)
        .map((line) => JSON.parse(line) as { status?: number; ms?: number });
      const atOnce = percentile(
        lines.filter(({ status }) => status === 503).map(({ ms = 0 }) => ms),
        99,
      );
      tell(`overload, ${cell}`, {
        ...{
          ...byStatus(outcomes),
          calmP99ms: Math.round(times.calm),
          acceptedP99ms: Math.round(times.accepted),
        },
        ...{ refusedP99ms: Math.round(percentile(timesOf(refused), 99)), refusedWithinP99ms: atOnce },
        ...{ healthMs: Math.round(slowestHealth), memoryMiB: Math.round(memory) },
      });
      expect(Object.keys(byStatus(outcomes))).toEqual(['200', '503']);
      expect(accepted.length).toBeGreaterThan(capacity);
      expect(new Set(refused.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
      expect(times.accepted).toBeLessThan(boundedMs);
      expect(atOnce).toBeLessThan(50);
      expect(slowestHealth).toBeLessThan(boundedMs);
      expect(memory).toBeLessThan(mostMebibytes);
    },
    drillTimeout,
  );
});
