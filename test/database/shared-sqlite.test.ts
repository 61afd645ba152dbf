import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refusalOf, type Sent, send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedCredentials } from '../support/recorded-keys.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';

const key = recordedCredentials.full?.bearer ?? '';
const writer = fileURLToPath(new URL('../support/sqlite-writer.ts', import.meta.url));
const keysOf = (user: number) => `/api/application/users/${user}/api-keys`;

describe.each(['delete', 'wal'])('a SQLite file in journal mode %s, shared with the panel', (mode) => {
  let panel: PanelDatabase;
  let service: RunningService;
  let file: string;
  const request = (sent: Sent) => send(service.url, { key, ...sent });

  beforeAll(async () => {
    panel = await createPanelDatabase('pelican', 'sqlite');
    file = join(panel.folder, 'database.sqlite');
    await panel.query(`pragma journal_mode = ${mode}`);
    const env = { ...recordedEnv, SIDECAR_DATABASE_TIMEOUT_MS: '1500', CLIENT_API_MAX_KEYS_PER_USER: '1000' };
    service = await startService(panel.folder, { env });
  });

  beforeEach(() => panel.reset(recordedSeed('pelican')));

  afterAll(async () => {
    await service?.stop();
    expect(await panel.query('pragma journal_mode')).toEqual([{ journal_mode: mode }]);
    await panel?.drop();
  });

  it('is written by both at once, and neither keeps the other out for long', async () => {
    const other = spawn(process.execPath, [writer, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');

    const answers = await Promise.all(
      Array.from({ length: 150 }, (_, index) => {
        const path = keysOf([1002, 1003, 1005][index % 3] ?? 0);
        const body = { description: `key ${index}` };
        return index % 2 === 0 ? request({ path }) : request({ method: 'POST', path, body });
      }),
    );
    other.stdin.end();
    const [line] = await once(other.stdout, 'data');
    const { commits, longestMs } = JSON.parse(String(line)) as { commits: number; longestMs: number };

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const [count] = await panel.query("select count(*) as n from api_keys where memo like 'key %'");
    expect(count).toEqual({ n: 75 });
    const [rows] = await panel.query("select count(*) as n from activity_logs where event like 'server:%'");
    expect(rows).toEqual({ n: commits });
    expect(commits).toBeGreaterThan(5);
    // One change of this service holds the file for a few milliseconds; the rest is room for a busy machine.
    expect(longestMs).toBeLessThan(500);
  });

  it('may be locked by another for long: callers are told, and what needs no database is answered', async () => {
    const other = new DatabaseSync(file, { timeout: 0 });
    other.exec('begin exclusive');
    const blocked = request({ method: 'POST', path: keysOf(1003), body: { description: 'late' } });
    let isBlocked = true;
    const settled = blocked.finally(() => {
      isBlocked = false;
    });
    const times: number[] = [];
    while (isBlocked) {
      const since = performance.now();
      expect((await request({ path: '/healthz' })).status).toBe(200);
      times.push(performance.now() - since);
    }
    other.exec('rollback');
    other.close();

    expect(refusalOf(await settled)).toBe(
      '503 ServiceUnavailableHttpException: The database is not available, please try again.',
    );
    expect(times.length).toBeGreaterThan(20);
    const slow = times.filter((ms) => ms > 50);
    expect(slow.length / times.length).toBeLessThan(0.05);
    expect(await panel.query("select id from api_keys where memo = 'late'")).toEqual([]);
    expect((await request({ path: keysOf(1003) })).status).toBe(200);
  });

  it('is waited for while the lock is shorter than the bound', async () => {
    const other = new DatabaseSync(file, { timeout: 0 });
    other.exec('begin exclusive');
    const waiting = request({ method: 'POST', path: keysOf(1003), body: { description: 'patient' } });
    // Long enough for the request to meet the lock: other requests are answered meanwhile.
    for (let count = 0; count < 20; count += 1) await request({ path: '/healthz' });
    other.exec('commit');
    other.close();

    expect((await waiting).status).toBe(200);
  });
});
