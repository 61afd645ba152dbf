import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, send } from '../support/client.ts';
import { type AnsweredClaim, type PortPanel, portsOf, startPortPanel } from '../support/port-panel.ts';
import { type RunningService, startService } from '../support/service.ts';
import { freeOn, unlimited, until } from '../support/sidecar.ts';
import { claimingAs, databaseNowSql, idsOf, moveClaim, portsFrom } from './claiming.ts';

const hour = 3_600_000;
const preload = new URL('../support/shift-clock.ts', import.meta.url).href;

describe.each(cells)('services whose clocks are wrong by an hour, at %s', (cell) => {
  let started: PortPanel;
  let wrong: readonly RunningService[];
  let all: PortPanel;

  beforeAll(async () => {
    started = await startPortPanel(cell);
    wrong = await Promise.all(
      [hour, -hour].map((shift) =>
        startService(started.panel.folder, {
          env: { ...unlimited, NODE_OPTIONS: `--import ${preload}`, SHIFT_CLOCK_MS: String(shift) },
        }),
      ),
    );
    all = { ...started, services: [...started.services, ...wrong] };
  });

  afterAll(async () => {
    await Promise.all((wrong ?? []).map((service) => service.stop()));
    await started?.close();
  });

  const freeAt = async (service: RunningService | undefined, node: number) => {
    const path = freeOn({ id: node });
    return portsOf(await send(service?.url ?? '', { path, key: started.key })).map(({ id }) => id);
  };
  const databaseNow = async () => {
    const [row] = await started.panel.query(`select ${databaseNowSql(started.panel)} as now`);
    return Number(row?.now);
  };

  test('their clocks are indeed wrong', () => {
    const times = all.services.map(({ log }) =>
      Date.parse(/"time":"([^"]+)"/.exec(log.at(-1) ?? '')?.[1] ?? ''),
    );
    const shifts = times.map((time) => Math.round((time - (times[0] ?? 0)) / hour));
    expect(shifts).toEqual([0, 1, -1]);
  });

  test.each([0, 1, 2])(
    'a claim made at service %i holds its ports for everyone until its time',
    async (index) => {
      const node = await started.seed.node();
      const ports = await started.seed.ports(node, portsFrom(5000, 2));
      const before = await databaseNow();
      const claim = await claimingAs(all, started.key, index).claim({
        node_ids: [node],
        count: 2,
        ttl_seconds: 2,
      });
      expect(idsOf(claim)).toEqual(ports);
      const [row] = await started.panel.query(
        'select created_at, expires_at from sidecar_claims where id = ?',
        [claim.id],
      );
      expect(Number(row?.created_at)).toBeGreaterThanOrEqual(before);
      expect(Number(row?.created_at)).toBeLessThanOrEqual(await databaseNow());
      const end = Number(row?.created_at) + 2000;
      expect(Number(row?.expires_at)).toBe(end);
      expect(Date.parse(claim.expires_at)).toBe(Math.floor(end / 1000) * 1000);

      const seen = await Promise.all(
        all.services.map(async (service) => {
          let last: readonly number[] = [];
          await until(async () => {
            last = await freeAt(service, node);
            return last.length > 0;
          });
          return { last, at: await databaseNow() };
        }),
      );
      for (const { last, at } of seen) {
        expect(last).toEqual(ports);
        expect(at).toBeGreaterThanOrEqual(end);
      }
    },
  );

  test('a claim is held, or not, at all of them alike', async () => {
    const node = await started.seed.node();
    const ports = await started.seed.ports(node, portsFrom(5000, 1));
    const claim = await claimingAs(all).claim({ node_ids: [node], count: 1, ttl_seconds: 60 });
    for (const [index, service] of all.services.entries()) {
      const claiming = claimingAs(all, started.key, index);
      expect(await freeAt(service, node)).toEqual([]);
      expect((await claiming.view(claim.id)).status).toBe('held');
      expect((await claiming.extend(claim.id, { ttl_seconds: 60 })).status).toBe(200);
      expect(await statusOf(claiming.tryClaim({ node_ids: [node], count: 1 }))).toBe(409);
    }
    await claimingAs(all).release(claim.id);
    for (const service of all.services) expect(await freeAt(service, node)).toEqual(ports);
  });
});

describe.each(cells)('services whose clocks jump by an hour while claims are held, at %s', (cell) => {
  test('none lets go of a port before its time, and none keeps it after', async () => {
    const started = await startPortPanel(cell, { count: 0 });
    const services: RunningService[] = [];
    try {
      for (const jump of [hour, -hour]) {
        const env = { ...unlimited, NODE_OPTIONS: `--import ${preload}`, JUMP_CLOCK_MS: String(jump) };
        services.push(await startService(started.panel.folder, { env }));
      }
      const node = await started.seed.node();
      const ports = await started.seed.ports(node, portsFrom(5000, 4));
      const all = { ...started, services };
      const callers = services.map((_, index) => claimingAs(all, started.key, index));
      const freeAt = async (service: RunningService) => {
        const answer = await send(service.url, { path: freeOn({ id: node }), key: started.key });
        return portsOf(answer).map(({ id }) => id);
      };
      const claims: AnsweredClaim[] = [];
      for (const caller of callers) {
        claims.push(await caller.claim({ node_ids: [node], count: 2, ttl_seconds: 600 }));
      }

      for (const { process, url, log } of services) {
        process.kill('SIGUSR2');
        await until(async () => {
          await send(url, { path: '/api/application/nothing' });
          const time = Date.parse(/"time":"([^"]+)"/.exec(log.at(-1) ?? '')?.[1] ?? '');
          return Math.abs(Math.abs(time - Date.now()) - hour) < 60_000;
        });
      }
      for (const service of services) expect(await freeAt(service)).toEqual([]);
      for (const caller of callers) {
        for (const { id } of claims) expect((await caller.view(id)).status).toBe('held');
        expect((await caller.tryClaim({ node_ids: [node], count: 1 })).status).toBe(409);
      }

      for (const { id } of claims) await moveClaim(started, id, { endsIn: 1000 });
      const [row] = await started.panel.query('select max(expires_at) as ends from sidecar_claims');
      const ended = await Promise.all(
        services.map(async (service) => {
          await until(async () => (await freeAt(service)).length === ports.length);
          const [clock] = await started.panel.query(`select ${databaseNowSql(started.panel)} as now`);
          return Number(clock?.now);
        }),
      );
      for (const at of ended) expect(at).toBeGreaterThanOrEqual(Number(row?.ends));
    } finally {
      await Promise.all(services.map((service) => service.stop()));
      await started.close();
    }
  });
});

const statusOf = async (answer: Promise<Answer>) => (await answer).status;
