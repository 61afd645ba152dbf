import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, refusalOf, type Sent, send } from '../support/client.ts';
import { timed } from '../support/cpu-wait.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedCredentials } from '../support/recorded-keys.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';
import { freeOn, keysOf, unlimited } from '../support/sidecar.ts';
import type { WriterReport } from '../support/sqlite-writer.ts';

const key = recordedCredentials.full?.bearer ?? '';
const writer = fileURLToPath(new URL('../support/sqlite-writer.ts', import.meta.url));
const users = [{ id: 1002 }, { id: 1003 }, { id: 1005 }] as const;
const timeoutMs = 1000;

/** Which lock the panel holds for long, by journal mode: in WAL mode none keeps others from reading. */
const modes = [
  ['delete', 'exclusive'],
  ['wal', 'immediate'],
] as const;

describe.each(modes)('a SQLite file in journal mode %s, shared with the panel', (mode, lock) => {
  let panel: PanelDatabase;
  let service: RunningService;
  let file: string;
  const request = (sent: Sent) => send(service.url, { key, ...sent });
  const create = (user: { readonly id: number }, description: string) =>
    request({ method: 'POST', path: keysOf(user), body: { description } });

  beforeAll(async () => {
    panel = await createPanelDatabase('pelican', 'sqlite');
    file = join(panel.folder, 'database.sqlite');
    await panel.query(`pragma journal_mode = ${mode}`);
    const bounds = { SIDECAR_DATABASE_TIMEOUT_MS: String(timeoutMs), CLIENT_API_MAX_KEYS_PER_USER: '10000' };
    service = await startService(panel.folder, { env: { ...recordedEnv, ...unlimited, ...bounds } });
  });

  beforeEach(() => panel.reset(recordedSeed('pelican')));

  afterAll(async () => {
    await service?.stop();
    expect(await panel?.query('pragma journal_mode')).toEqual([{ journal_mode: mode }]);
    await panel?.drop();
  });

  it('is written by both at once: no caller notices, and the panel is not kept out for long', async () => {
    const args = [writer, file, String(service.process.pid)];
    const other = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');

    const statuses = new Map<string, number>();
    let sent = 0;
    const until = performance.now() + 3000;
    const client = async () => {
      while (performance.now() < until) {
        sent += 1;
        const user = users[sent % users.length] ?? users[0];
        const made = sent % 2 === 0;
        const answer = await (made ? create(user, `key ${sent}`) : request({ path: keysOf(user) }));
        const outcome = `${made ? 'POST' : 'GET'} ${answer.status}`;
        statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    other.stdin.end();
    const [line] = await once(other.stdout, 'data');
    const report = JSON.parse(String(line)) as WriterReport;

    expect([...statuses.keys()].sort()).toEqual(['GET 200', 'POST 200']);
    const count = (from: string) => panel.query(`select count(*) as n from ${from}`);
    const made = statuses.get('POST 200');
    expect(await count("api_keys where memo like 'key %'")).toEqual([{ n: made }]);
    expect(await count("activity_logs where event = 'user:api-key.create'")).toEqual([{ n: made }]);
    expect(await count("activity_logs where event = 'server:power.start'")).toEqual([{ n: report.rows }]);
    expect(report.rows).toBeGreaterThan(20);
    // It is kept out for one change, a few milliseconds; the rest is room for a slow disk.
    expect(report.p99).toBeLessThan(100);
    expect(report.longest).toBeLessThan(500);
  });

  it('may be locked for seconds: callers are told in time, and what needs no database is answered', async () => {
    const other = new DatabaseSync(file, { timeout: 0 });
    other.exec(`begin ${lock}`);
    const until = performance.now() + 5000;
    const processes = [process.pid, service.process.pid ?? 0];

    const answers: { readonly answer: Answer; readonly ms: number }[] = [];
    let sent = 0;
    const caller = async (ask: () => Promise<Answer>, delayMs: number) => {
      await delay(delayMs);
      while (performance.now() < until) {
        const { result: answer, ms } = await timed(processes, ask);
        answers.push({ answer, ms });
      }
    };
    const probes: number[] = [];
    const prober = async () => {
      while (performance.now() < until) {
        const { result, ms } = await timed(processes, () => request({ path: '/healthz' }));
        expect(result.status).toBe(200);
        probes.push(ms);
        await delay(5);
      }
    };
    const remove = { method: 'DELETE', path: `${keysOf(users[1])}/pacc_unknown0000` };
    const asks = [
      () => request({ path: keysOf(users[0]) }),
      () => request({ path: freeOn({ id: 2001 }) }),
      () => create(users[1], `late ${++sent}`),
      () => create(users[1], `late ${++sent}`),
      () => create(users[2], `late ${++sent}`),
      () => request(remove),
    ];
    // Half of them come while the others wait already.
    const callers = [0, timeoutMs / 2].flatMap((delayMs) => asks.map((ask) => caller(ask, delayMs)));
    await Promise.all([prober(), ...callers]);
    other.exec('rollback');
    other.close();

    for (const { answer } of answers) {
      expect(refusalOf(answer)).toMatch(
        /^503 ServiceUnavailableHttpException: The (database|audit log) is not/,
      );
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect(answers.length).toBeGreaterThan(20);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(1.5 * timeoutMs);
    expect(probes.length).toBeGreaterThan(100);
    expect(Math.max(...probes)).toBeLessThan(50);

    const { result, ms } = await timed(processes, () => create(users[0], 'in time'));
    expect(result.status).toBe(200);
    expect(ms).toBeLessThan(timeoutMs / 2);
    expect(await panel.query("select count(*) as n from api_keys where memo like 'late %'")).toEqual([
      { n: 0 },
    ]);
  });

  it('is waited for while the lock is shorter than the bound', async () => {
    const other = new DatabaseSync(file, { timeout: 0 });
    other.exec('begin exclusive');
    const waiting = create(users[1], 'patient');
    // Long enough for the request to meet the lock: other requests are answered meanwhile.
    for (let count = 0; count < 20; count += 1) await request({ path: '/healthz' });
    other.exec('commit');
    other.close();

    expect((await waiting).status).toBe(200);
  });
});
