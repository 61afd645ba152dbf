import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inFlight } from '../support/admin-session.ts';
import { pterodactyl } from '../support/cells.ts';
import type { SeededKey } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';
import { watchHealth } from './health.ts';
import { type Closed, headOf, RawClient } from './raw-client.ts';
import { openFiles, residentMemory } from './resources.ts';
import { drillTimeout, sized, tell } from './size.ts';

const timeoutMs = sized(30_000, 1500);
/** Most connections to the database. */
const poolSize = 10;
const env = {
  SIDECAR_REQUEST_TIMEOUT_MS: String(timeoutMs),
  SIDECAR_DATABASE_TIMEOUT_MS: '30000',
  SIDECAR_DATABASE_POOL_SIZE: String(poolSize),
};
const slowEnvelope =
  '{"errors":[{"code":"RequestTimeoutHttpException","status":"408","detail":"The request could not be read."}]}';

describe(`clients that are slow, at ${pterodactyl}`, () => {
  let sidecar: Sidecar;
  let key: SeededKey;
  let path: string;
  let url: string;
  /** Before each test. */
  let base: { readonly files: number; readonly lines: number };
  beforeAll(async () => {
    sidecar = await startSidecar(pterodactyl, { env });
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    path = keysOf(await sidecar.seed.user());
    url = sidecar.service.url;
    // Connections that the service keeps are opened.
    await Promise.all(Array.from({ length: 20 }, () => sidecar.send({ path, key: key.bearer })));
  });
  beforeEach(async () => {
    base = { files: await openFiles(sidecar.service), lines: sidecar.service.log.length };
  });
  afterAll(() => sidecar?.close());

  /** How many lists of free ports the service has answered so far. */
  async function listsAnswered(): Promise<number> {
    const { text } = await sidecar.send({ path: '/metrics' });
    const line = /^panel_sidecar_requests_total\{.*allocations\/free".*\} (\d+)$/m.exec(text);
    return Number(line?.[1] ?? 0);
  }

  /** Log lines since the test began, but for those of requests. */
  const warnings = () =>
    sidecar.service.log
      .slice(base.lines)
      .map((line) => JSON.parse(line) as { level: number; msg: string; status?: number })
      .filter(({ msg }) => msg !== 'request');

  /** Everything is as it was before the test, but for connections to the database, which are kept. */
  async function expectCalm(): Promise<void> {
    await until(async () => (await inFlight(url)) === 1);
    await until(async () => (await openFiles(sidecar.service)) <= base.files + poolSize);
    expect((await sidecar.send({ path, key: key.bearer })).status).toBe(200);
  }

  test(
    'whoever takes too long to send a request gets 408, be it one byte at a time',
    async () => {
      const count = sized(250, 10);
      const body = headOf(path, key.bearer, ['Content-Type: application/json', 'Content-Length: 60000']);
      const kinds = {
        nothing: '',
        'half a line': 'GET /health',
        'half the headers': `GET ${path} HTTP/1.1\r\nHost: x\r\n`,
        'half a body': `${body}{"description":`,
      };
      const healthy = watchHealth(url);
      const ends: Closed[] = [];
      await Promise.all(
        Object.values(kinds).flatMap((bytes) =>
          Array.from({ length: count }, async (_, index) => {
            const client = (await RawClient.open(url, bytes)).read();
            // The first of each keeps going, a byte every now and then.
            if (index === 0 && bytes !== '') void client.trickle('x', timeoutMs / 20);
            ends.push(await client.closed);
          }),
        ),
      );
      const longest = Math.max(...ends.map(({ ms }) => ms));
      tell('slow requests', {
        clients: ends.length,
        longestMs: Math.round(longest),
        healthMs: Math.round(await healthy()),
      });
      expect(ends).toHaveLength(4 * count);
      for (const { received } of ends) {
        expect(received).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
        expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe(slowEnvelope);
      }
      expect(Math.min(...ends.map(({ ms }) => ms))).toBeGreaterThan(0.9 * timeoutMs);
      expect(longest).toBeLessThan(1.5 * timeoutMs + 1000);
      expect(warnings()).toMatchObject([{ level: 40, status: 408 }]);
      await expectCalm();
    },
    drillTimeout,
  );

  test(
    'whoever does not take the answers is hung up on',
    async () => {
      const count = sized(100, 10);
      const node = await sidecar.seed.node(100);
      const before = await residentMemory(sidecar.service);
      const request = `GET ${freeOn(node)}?per_page=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.bearer}\r\n\r\n`;
      const healthy = watchHealth(url);
      const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(url)));
      // Until no connection takes more, as the system keeps no more for it; never more ahead than is allowed.
      for (let sent = 9; warnings().length === 0; sent += 9) {
        for (const { socket } of clients) if (!socket.destroyed) socket.write(request.repeat(9));
        await until(async () => warnings().length > 0 || (await listsAnswered()) === sent * count);
      }
      await until(async () => (await inFlight(url)) === 1);
      const grown = (await residentMemory(sidecar.service)) - before;
      tell('answers not taken', {
        clients: count,
        grownMiB: Math.round(grown),
        healthMs: Math.round(await healthy()),
      });
      expect(warnings()).toMatchObject([{ level: 40, msg: expect.stringMatching(/^a client did not take/) }]);
      expect(grown).toBeLessThan(200);
      for (const client of clients) client.vanish();
      await expectCalm();
    },
    drillTimeout,
  );
});
