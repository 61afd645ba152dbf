import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findWrong } from '../claims/drill-checks.ts';
import { DrillLog } from '../claims/drill-log.ts';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf, type Sent, send, sendBytes } from '../support/client.ts';
import { enforcing, type Life, startLife } from '../support/life.ts';
import { activities } from '../support/seed.ts';
import { Known, madeRequest } from './fuzz-requests.ts';
import { drillTimeout, seed, sized, tell } from './size.ts';
import { findRefusedRows } from './stored-rows.ts';

/** Of all cells together: what is not of another kind is a request over HTTP. */
const requestsPerCell = sized(200_000, 10_000) / cells.length;
const atOnce = 25;
const rawPerCell = requestsPerCell / 10;
const bounds = { maxHeld: 100, memory: 100_000 };
const env = {
  ...enforcing,
  ...{ CLIENT_API_MAX_KEYS_PER_USER: '10000', CLIENT_API_ALLOW_ADMIN_TARGETS: 'true' },
  SIDECAR_CLAIMS_MAX_HELD: String(bounds.maxHeld),
};

function check(answer: Answer, sent: Sent): void {
  const of = `${sent.method} ${sent.path}`;
  expect(answer.status, of).toBeLessThan(500);
  if (sent.method === 'HEAD') expect(answer.text).toBe('');
  else if (answer.status >= 400) errorsOf(answer);
}

describe.each(cells)(`%s, seed ${seed}`, (cell) => {
  let life: Life;
  const known = new Known();
  const statuses: Record<string, number> = {};
  beforeAll(async () => {
    life = await startLife(cell, env);
    const { seed: rows, admin, key } = life;
    const user = await rows.user();
    known.users.push(admin.id, user.id);
    // So many that few lose all their keys at once.
    for (let count = 0; count < 40; count += 1) known.users.push((await rows.user()).id);
    known.nodes.push((await rows.node(30)).id, (await rows.node(0)).id);
    const others = [
      await rows.key(admin, { type: 1 }),
      await rows.key(user, { type: 1 }),
      await rows.key(admin, { acl: 1 }),
    ];
    known.bearers.push(...others.map(({ bearer }) => bearer), key.bearer);
  });
  afterAll(() => life?.close());

  it(
    'no request is answered with a server error, or refused in another shape than the envelope',
    async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(madeRequest, { minLength: atOnce, maxLength: atOnce }), async (many) => {
          const asked = many.map((made) => known.toSent(made));
          const answers = await Promise.all(asked.map((sent) => send(life.service.url, sent)));
          for (const [index, answer] of answers.entries()) {
            const sent = asked[index] as Sent;
            check(answer, sent);
            known.learn(sent, answer);
            statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          }
          count += many.length;
          if (count % 10_000 === 0) tell(`random requests, ${cell}`, { count, ...statuses });
        }),
        { numRuns: (requestsPerCell - rawPerCell) / atOnce, seed, endOnFailure: true },
      );
      // Enough got through for that to mean something.
      expect(statuses['200'] ?? 0).toBeGreaterThan(count / 10);
      expect(statuses['201'] ?? 0).toBeGreaterThan(count / 1000);
      expect(statuses['204'] ?? 0).toBeGreaterThan(count / 1000);
    },
    drillTimeout,
  );

  it(
    'bytes that may be HTTP or not do not end the service',
    async () => {
      const line = fc.oneof(
        ...[fc.string(), fc.string({ unit: 'binary-ascii' })],
        fc.constantFrom(
          'Host: x',
          'Content-Length: 5',
          'Transfer-Encoding: chunked',
          'Connection: close',
          ' x',
        ),
      );
      const head = fc.tuple(
        fc.constantFrom('GET', 'POST', 'PATCH', 'CONNECT', ''),
        fc.constantFrom('/', '*', '/healthz', '/authorize', '/api/application/api-keys', ''),
        fc.constantFrom('HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP'),
        fc.array(line, { maxLength: 4 }),
      );
      const bytes = fc.oneof(
        {
          weight: 4,
          arbitrary: head.map(([verb, target, version, lines]) =>
            [`${verb} ${target} ${version}`, ...lines, '', ''].join('\r\n'),
          ),
        },
        {
          weight: 1,
          arbitrary: fc
            .uint8Array({ minLength: 1, maxLength: 300 })
            .map((raw) => Buffer.from(raw).toString('latin1')),
        },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(bytes, { minLength: atOnce, maxLength: atOnce }), async (many) => {
          const all = await Promise.all(many.map((raw) => sendBytes(life.service.url, raw, true)));
          for (const received of all) if (received !== '') expect(received).toMatch(/^HTTP\/1\.1 [1-4]\d\d /);
        }),
        { numRuns: rawPerCell / atOnce, seed, endOnFailure: true },
      );
      expect((await life.ask({ path: '/healthz' })).status).toBe(200);
    },
    drillTimeout,
  );

  it(
    'nothing is stored that the panel would refuse, and no port is held twice',
    async () => {
      const made = await activities(life.panel, "event = 'user:api-key.create'");
      tell(`random requests, ${cell}`, { made: made.length, ...statuses });
      expect(made.length).toBeGreaterThan(sized(300, 15));
      expect(await findRefusedRows(life.panel)).toEqual([]);
      expect(await findWrong(life.panel, bounds, new DrillLog())).toEqual([]);
    },
    drillTimeout,
  );

  it('the log tells of no unexpected error after all that', () => {
    const errors = life.service.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
    expect(errors).toEqual([]);
  });
});
