import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { percentile } from '../../bench/percentile.ts';
import { type Cell, cells, pterodactyl } from '../support/cells.ts';
import { type DatabaseServer, startServer } from '../support/database-server.ts';
import { type Life, startLife } from '../support/life.ts';
import { claimsPath } from '../support/port-panel.ts';
import { freeOn, keysOf } from '../support/sidecar.ts';
import {
  type Fault,
  type FaultName,
  fileFaultNames,
  fileFaults,
  serverFaultNames,
  serverFaults,
} from './faults.ts';
import { watchHealth } from './health.ts';
import { residentMemory } from './resources.ts';
import { drillTimeout, isFull, sized, tell } from './size.ts';
import { type Asked, byStatus, type Outcome, SteadyLoad, timesOf } from './steady-load.ts';

const timeoutMs = sized(5000, 1000);
/** How long a fault lasts: one in which requests wait has to outlast several time-outs. */
const lasts = (name: FaultName) => (/frozen|locked/.test(name) ? sized(30_000, 2200) : sized(10_000, 1000));
/** What the service may take beyond its time-out on a busy machine. */
const slackMs = sized(1000, 700);
/** At a file whoever writes has it alone: more would only wait. */
const callers = { server: sized(200, 40), file: sized(40, 8) };

describe.each(cells)('%s', (cell) => {
  let server: DatabaseServer | null = null;
  let life: Life;
  let asked: Asked;
  let faults: Readonly<Partial<Record<FaultName, Fault>>>;

  beforeAll(async () => {
    if (cell.on !== 'sqlite') server = await startServer(cell.on);
    const env = {
      CLIENT_API_MAX_KEYS_PER_USER: '10000',
      SIDECAR_CLAIMS_MAX_HELD: '100000',
      SIDECAR_DATABASE_TIMEOUT_MS: String(timeoutMs),
    };
    life = await startLife(cell, env, server?.address);
    faults = server === null ? fileFaults(life.panel) : serverFaults(server, life.panel);
    const users = await Promise.all(Array.from({ length: 20 }, () => life.seed.user()));
    const node = await life.seed.node(500);
    const key = life.key.bearer;
    const anyUser = (number: number) => users[number % users.length] ?? users[0] ?? life.admin;
    asked = {
      list: (number) => ({ path: keysOf(anyUser(number)), key }),
      ports: () => ({ path: freeOn(node), key }),
      create: (number) => ({
        ...{ method: 'POST', path: keysOf(anyUser(number)), key },
        body: { description: `key ${number} ${performance.now()}` },
      }),
      claim: () => ({ method: 'POST', path: claimsPath, key, body: { count: 1, ttl_seconds: 1 } }),
    };
  });
  afterAll(async () => {
    await life?.close();
    await server?.stop();
  });

  test.each(faultsOf(cell))(
    'a database %s: 503 in time, and all is well when it is back',
    async (name) => {
      const { service } = life;
      const load = new SteadyLoad(service.url, asked, {
        callers: callers[server === null ? 'file' : 'server'],
        // Far sooner than they are told.
        pauseMs: ({ status }) => (status === 503 ? 100 : 0),
      });
      await delay(sized(5000, 400));
      const before = await residentMemory(service);
      const began = performance.now();
      const healthy = watchHealth(service.url);
      await faults[name]?.(lasts(name));
      const ended = performance.now();
      const slowestHealth = await healthy();
      const during = await residentMemory(service);
      await delay(sized(5000, 1200));
      await load.stop();

      const { outcomes } = load;
      const refused = outcomes.filter(({ status }) => status === 503);
      const inFault = outcomes.filter(({ from, to }) => to > began && from < ended);
      const times = timesOf(inFault);
      const [usual, slowest] = [percentile(times, 99), percentile(times, 100)];
      const recovery = recoveryOf(outcomes, ended);
      tell(`a database ${name}, ${cell}`, {
        ...{
          ...byStatus(outcomes),
          p99ms: Math.round(usual),
          slowestMs: Math.round(slowest),
          recoveryMs: Math.round(recovery),
        },
        ...{ healthMs: Math.round(slowestHealth) },
        ...{ grownMiB: Math.round(during - before) },
      });
      // A claim finds no port free, or too many at work on the node.
      expect(
        outcomes.map(({ status, code }) => status || code).filter((what) => !expected.has(what)),
      ).toEqual([]);
      expect(refused.length).toBeGreaterThan(0);
      expect(new Set(refused.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']));
      expect(usual).toBeLessThan(timeoutMs + slackMs);
      // One that had its connection just when the fault was over may wait for each of its statements again.
      expect(slowest).toBeLessThan(2 * timeoutMs);
      expect(slowestHealth).toBeLessThan(2 * slackMs);
      expect(recovery).toBeLessThan(2000);
      expect(during - before).toBeLessThan(100);
    },
    drillTimeout,
  );
});

/** At the smaller size, one cell of each server meets them all. */
function faultsOf(cell: Cell): readonly FaultName[] {
  if (cell.on === 'sqlite') return fileFaultNames;
  return isFull || cell === pterodactyl || cell.on === 'postgres' ? serverFaultNames : ['that is frozen'];
}

const expected = new Set<number | string>([200, 201, 409, 503]);

/** How long after a fault everything was well: each kind had been answered, and nothing was refused any more. */
function recoveryOf(outcomes: readonly Outcome[], ended: number): number {
  const late = outcomes.filter(({ to }) => to > ended);
  const lastRefusal = Math.max(ended, ...late.filter(({ status }) => status === 503).map(({ to }) => to));
  const firsts = [...Map.groupBy(late, ({ kind }) => kind).values()].map((ofKind) =>
    Math.min(...ofKind.filter(({ status }) => status < 500).map(({ to }) => to)),
  );
  return Math.max(lastRefusal, ...firsts) - ended;
}
