import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import type { SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';
import { watchHealth } from './health.ts';
import { headOf, RawClient } from './raw-client.ts';
import { openFiles, residentMemory } from './resources.ts';
import { drillTimeout, randomFrom, seed, sized, tell } from './size.ts';

const maxConnections = 300;
/** How many of a flood are there at the same time. */
const side = 100;

describe(`floods, at ${pterodactyl}, seed ${seed}`, () => {
  let sidecar: Sidecar;
  let key: SeededKey;
  let path: string;
  let url: string;
  let base: { readonly files: number; readonly lines: number; readonly memory: number };
  beforeAll(async () => {
    sidecar = await startSidecar(pterodactyl, {
      env: { SIDECAR_MAX_CONNECTIONS: String(maxConnections), SIDECAR_DATABASE_POOL_SIZE: '5' },
    });
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    path = keysOf(await sidecar.seed.user());
    url = sidecar.service.url;
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 20 }, () => sidecar.send({ path, key: key.bearer })));
    }
  });
  beforeEach(async () => {
    const { service } = sidecar;
    base = {
      ...{ files: await openFiles(service), lines: service.log.length },
      memory: await residentMemory(service),
    };
  });
  afterAll(() => sidecar?.close());

  const lines = () =>
    sidecar.service.log
      .slice(base.lines)
      .map((line) => JSON.parse(line) as { level: number; msg: string; status?: number });

  /** Runs some work so often, `side` of it at the same time. */
  async function flood(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    await Promise.all(
      Array.from({ length: side }, async () => {
        while (next < count) {
          next += 1;
          await work(next);
        }
      }),
    );
  }

  /** The service is as it was, but for the memory that it takes to have done anything at all. */
  async function expectCalm(mebibytes: number): Promise<number> {
    await until(async () => (await openFiles(sidecar.service)) <= base.files + 5);
    expect((await sidecar.send({ path, key: key.bearer })).status).toBe(200);
    const grown = (await residentMemory(sidecar.service)) - base.memory;
    expect(grown).toBeLessThan(mebibytes);
    return Math.round(grown);
  }

  test(
    'connections that are left half open leave nothing behind',
    async () => {
      const count = sized(100_000, 5000);
      const random = randomFrom(seed);
      const begun = [
        '',
        'GET /healthz HT',
        `GET ${path} HTTP/1.1\r\nHost: x\r\n`,
        `${headOf(path, key.bearer, ['Content-Length: 9'])}{`,
        `${headOf(path, key.bearer, ['Transfer-Encoding: chunked'])}5\r\n{`,
      ];
      const healthy = watchHealth(url);
      const from = performance.now();
      const leaveOpen = async (index: number) => {
        const bytes = begun[Math.floor(random() * begun.length)];
        const client = await RawClient.open(url, bytes, `127.0.${index % 200}.9`);
        if (random() < 0.01) await delay(20);
        client.vanish();
        await client.closed;
      };
      // What is new in the first half, the second has too.
      await flood(count / 2, leaveOpen);
      const half = await residentMemory(sidecar.service);
      await flood(count / 2, leaveOpen);
      const seconds = Math.round((performance.now() - from) / 1000);
      const healthMs = Math.round(await healthy());
      await expectCalm(sized(200, 100));
      const grownMiB = Math.round((await residentMemory(sidecar.service)) - half);
      expect(grownMiB).toBeLessThan(40);
      tell('half-open connections', { count, seconds, healthMs, grownMiB, lines: lines().length });
      expect(healthMs).toBeLessThan(2000);
      expect(lines().filter(({ level }) => level >= 40)).toEqual([]);
    },
    drillTimeout,
  );

  test(
    'requests sent on and on without waiting for an answer are cut off, and that is logged once',
    async () => {
      const count = sized(5000, 250);
      const requests = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.bearer}\r\n\r\n`;
      const healthy = watchHealth(url);
      const send = async () => {
        const client = await RawClient.open(url, requests.repeat(1000));
        await client.closed;
      };
      // What is new in the first half, the second has too.
      await flood(count / 2, send);
      const half = await residentMemory(sidecar.service);
      await flood(count / 2, send);
      const healthMs = Math.round(await healthy());
      // A packet holds some 350 requests, of 6 KiB each once read; where all packets come in one turn, none is dropped before.
      await expectCalm(300);
      const grownMiB = Math.round((await residentMemory(sidecar.service)) - half);
      tell('requests without waiting', { count, healthMs, grownMiB });
      expect(grownMiB).toBeLessThan(sized(40, 200));
      expect(healthMs).toBeLessThan(5000);
      expect(lines().filter(({ level }) => level >= 40)).toMatchObject([
        { msg: expect.stringMatching(/^a client sent more than 32 requests ahead/) },
      ]);
    },
    drillTimeout,
  );

  test(
    'headers that are too large are refused, and that is logged once',
    async () => {
      const count = sized(10_000, 500);
      const request = `GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`;
      const statuses = new Set<string>();
      await flood(count, async () => {
        const { received } = await (await RawClient.open(url, request)).read().closed;
        statuses.add(received.slice(0, 12));
      });
      const grownMiB = await expectCalm(120);
      tell('headers too large', { count, grownMiB });
      expect([...statuses]).toEqual(['HTTP/1.1 431']);
      expect(lines().filter(({ msg }) => msg !== 'request')).toMatchObject([{ level: 40, status: 431 }]);
    },
    drillTimeout,
  );

  test(
    'bodies that are too large, or never end, are refused without being read',
    async () => {
      const count = sized(10_000, 500);
      const json = 'Content-Type: application/json';
      const announced = headOf(path, key.bearer, [
        json,
        'Content-Length: 1000000000',
        'Expect: 100-continue',
      ]);
      const endless = headOf(path, key.bearer, [json, 'Transfer-Encoding: chunked']);
      const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      const statuses = new Set<string>();
      await flood(count, async (index) => {
        const client = (await RawClient.open(url, index % 2 === 0 ? announced : endless)).read();
        const body = index % 2 === 0 ? ' '.repeat(1000) : chunk;
        while (!client.socket.destroyed) {
          if (!client.socket.write(body)) await Promise.race([client.closed, drained(client)]);
          else await delay(1);
        }
        const { received } = await client.closed;
        statuses.add(received.match(/HTTP\/1\.1 [2-5]\d\d/)?.[0] ?? '');
      });
      const grownMiB = await expectCalm(100);
      tell('bodies too large', { count, grownMiB, statuses: [...statuses].join(' ') });
      // Who is hung up on while still sending may lose the answer.
      expect([...statuses].filter((status) => status !== '')).toEqual(['HTTP/1.1 413']);
      expect(lines().filter(({ msg }) => msg !== 'request')).toEqual([]);
      expect(lines().filter(({ status }) => status === 413).length).toBeLessThanOrEqual(count);
      expect(await sidecar.panel.query('select id from api_keys where key_type = 1')).toEqual([]);
    },
    drillTimeout,
  );

  test(
    'connections beyond the bound are closed at once, and that is logged once',
    async () => {
      const open = await Promise.all(Array.from({ length: maxConnections }, () => RawClient.open(url)));
      const more = await Promise.all(
        Array.from({ length: sized(2000, 100) }, async () => (await RawClient.open(url)).read().closed),
      );
      const slowest = Math.max(...more.map(({ ms }) => ms));
      tell('connections beyond the bound', { closed: more.length, slowestMs: Math.round(slowest) });
      expect(new Set(more.map(({ received }) => received))).toEqual(new Set(['']));
      expect(slowest).toBeLessThan(2000);
      expect(lines().filter(({ level }) => level >= 40)).toMatchObject([
        { msg: expect.stringMatching(/^a connection beyond server\.max_connections was closed/) },
      ]);
      for (const client of open) client.vanish();
      await Promise.all(open.map(({ closed }) => closed));
      await expectCalm(120);
    },
    drillTimeout,
  );
});

function drained({ socket }: RawClient): Promise<void> {
  return new Promise((resolve) => socket.once('drain', resolve));
}
