import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { adminSession, waitsForUser } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { childrenOf, ended } from '../support/process-tree.ts';
import { PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, unlimited, until } from '../support/sidecar.ts';

const workers = 3;

describe.each(cells)('workers beside %s', (cell) => {
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let user: SeededUser;
  let key: SeededKey;
  let service: RunningService;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    seed = new PanelSeed(panel);
    user = await seed.user();
    key = await seed.key(await seed.user({ admin: true }));
  });
  afterEach(() => service.stop());
  afterAll(() => panel.drop());

  async function start(env: Readonly<Record<string, string>> = unlimited): Promise<void> {
    service = await startService(panel.folder, { env, args: ['--workers', String(workers)] });
  }
  /** Each over a connection of its own, as these are what is shared out. */
  const list = () => send(service.url, { path: keysOf(user), key: key.bearer, from: '127.0.0.1' });
  const pids = () => childrenOf(service.process.pid ?? 0);
  const messages = () => service.log.map((line) => JSON.parse(line) as Record<string, unknown>);

  it('share one address, and say so in one line', async () => {
    await start({ ...unlimited, SIDECAR_LOG_LEVEL: 'debug' });
    expect(await pids()).toHaveLength(workers);
    const ready = messages().filter(({ msg }) => String(msg).includes('listens on'));
    expect(ready).toMatchObject([
      {
        url: service.url,
        workers,
        msg: `panel-sidecar listens on ${service.url} beside ${panel.traits.name}`,
      },
    ]);
    const answers = await Promise.all(Array.from({ length: 30 }, list));
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
    // Of its own requests each worker writes a line.
    await until(() => messages().filter(({ route }) => route !== undefined).length === 30);
    const served = messages().filter(({ route }) => route !== undefined);
    expect(new Set(served.map(({ worker }) => worker))).toEqual(new Set([1, 2, 3]));
  });

  it('share the rate limit', async () => {
    await start({ APP_API_APPLICATION_RATELIMIT: '10' });
    const answers = await Promise.all(Array.from({ length: 40 }, list));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    const remaining = answers.map(({ headers }) => Number(headers['x-ratelimit-remaining']));
    expect(remaining.toSorted((a, b) => b - a).slice(0, 10)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('add their metrics up', async () => {
    await start();
    await Promise.all(Array.from({ length: 30 }, list));
    const { text } = await send(service.url, { path: '/metrics' });
    const route = 'route="/api/application/users/{user}/api-keys"';
    expect(text).toContain(`panel_sidecar_requests_total{method="GET",${route},status="200"} 30\n`);
    expect(text.match(/^process_resident_memory_bytes \d+$/gm)).toHaveLength(1);
  });

  it('are replaced when they die, and the others go on', async () => {
    await start();
    const before = await pids();
    for (const pid of before.slice(0, 2)) process.kill(pid, 'SIGKILL');
    const replaced = () => messages().filter(({ msg }) => msg === 'a worker ended; it is replaced');
    await until(() => replaced().length === 2);
    expect(replaced().map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
    const answers = await Promise.all(Array.from({ length: 10 }, list));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    await until(async () => (await pids()).length === workers);
    expect((await pids()).filter((pid) => before.includes(pid))).toEqual(before.slice(2));
  });

  it('all finish what they have begun when asked to stop', async () => {
    await start();
    const admin = await adminSession(panel);
    await admin.holdUser(user);
    const answers = Array.from({ length: workers }, (_, index) =>
      send(service.url, {
        ...{ method: 'POST', path: keysOf(user), key: key.bearer, from: '127.0.0.1' },
        body: { description: `made while stopping ${index}` },
      }),
    );
    await until(() => waitsForUser(panel, service.url));
    const processes = await pids();
    const exited = once(service.process, 'exit');
    service.process.kill('SIGTERM');
    await until(() => messages().some(({ msg }) => msg === 'stopping'));
    await admin.query('rollback');
    await admin.end();
    const done = await Promise.allSettled(answers);
    const made = done.filter(({ status }) => status === 'fulfilled').length;
    expect(await exited).toEqual([0, null]);
    await ended(processes);
    const rows = await panel.query("select memo from api_keys where memo like 'made while stopping%'");
    expect(rows).toHaveLength(made);
    expect(made).toBeGreaterThan(0);
    expect(messages().filter(({ msg }) => msg === 'stopped')).toHaveLength(workers + 1);
  });

  it('end with their primary, even if that is killed', async () => {
    await start();
    const processes = await pids();
    service.process.kill('SIGKILL');
    await ended(processes);
    await expect(list()).rejects.toThrow();
  });
});
