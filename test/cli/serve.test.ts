import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSession, waitsForKeys, waitsForUser } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { binary, failure, startCommand } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { childrenOf } from '../support/process-tree.ts';
import { programEnv } from '../support/program-env.ts';
import { PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf, until } from '../support/sidecar.ts';

describe('the options of Node that keep a service small', () => {
  const options = ['--max-semi-space-size=4', '--no-allocation-site-pretenuring'];
  let panel: PanelDatabase;
  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', 'sqlite');
  });
  afterAll(() => panel.drop());

  const args = () => ['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0'];
  const commandLine = async (pid: number | undefined) =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');

  it.each([
    ['are the process’s own', {}, options],
    [
      'give way to those of the environment',
      { env: { NODE_OPTIONS: '--max_semi_space_size=32' } },
      ['--no-allocation-site-pretenuring'],
    ],
    [
      'give way to those of the command line',
      { nodeArgs: ['--allocation-site-pretenuring'] },
      ['--allocation-site-pretenuring', '--max-semi-space-size=4'],
    ],
  ])('%s', async (_, given, expected) => {
    const { process, printed, finished } = startCommand(args(), given);
    await printed(/"url":/);
    const line = await commandLine(process.pid);
    process.kill('SIGTERM');
    expect(line.slice(1, line.indexOf(binary))).toEqual(expected);
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  it('are every worker’s', async () => {
    const { process, printed, finished } = startCommand([...args(), '--workers', '2']);
    await printed(/"url":/);
    const workers = await childrenOf(process.pid ?? 0);
    const lines = await Promise.all(workers.map(commandLine));
    process.kill('SIGTERM');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toEqual(expect.arrayContaining(options));
    await finished;
  });

  it('are left out where the parent would lose its channel to the process', async () => {
    const child = fork(binary, args(), { env: programEnv, silent: true });
    const ended = once(child, 'exit');
    await once(child.stdout as Readable, 'data');
    const line = await commandLine(child.pid);
    expect(child.connected).toBe(true);
    child.kill('SIGTERM');
    expect(line).not.toEqual(expect.arrayContaining(options));
    expect(await ended).toEqual([0, null]);
  });
});

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  let user: SeededUser;
  let key: SeededKey;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    const seed = new PanelSeed(panel);
    user = await seed.user();
    key = await seed.key(await seed.user({ admin: true }));
  });

  afterAll(() => panel.drop());

  /** Starts the service and waits until it says where it listens. */
  async function serve(...args: string[]) {
    const command = startCommand(['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0', ...args]);
    const [line] = await command.printed(/^.*"url":.*$/m);
    return { ...command, line: JSON.parse(line) as Record<string, unknown> };
  }

  it('prints one line, with its address, and answers there', async () => {
    const { process, finished, line } = await serve();
    expect(line).toMatchObject({
      panel: panel.traits.name,
      config: null,
      msg: `panel-sidecar listens on ${line.url} beside ${panel.traits.name}`,
    });
    expect(await (await fetch(`${line.url}/healthz`)).json()).toEqual({ status: 'ok' });
    process.kill('SIGTERM');
    const { code, stdout, stderr } = await finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text).msg),
    ).toEqual([line.msg, 'stopping', 'stopped']);
  });

  it('takes the number of workers from the environment too', async () => {
    const started = startCommand(['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0'], {
      env: { SIDECAR_WORKERS: 'auto' },
    });
    const [line] = await started.printed(/^.*"url":.*$/m);
    started.process.kill('SIGTERM');
    expect(JSON.parse(line)).toMatchObject({ workers: availableParallelism() });
    expect((await started.finished).code).toBe(0);
    const refused = startCommand(['serve', '--panel', panel.folder], { env: { SIDECAR_WORKERS: '0' } });
    expect(await refused.finished).toEqual(
      failure('environment variable SIDECAR_WORKERS is "0", but must be a whole number from 1 to 64 or auto'),
    );
  });

  describe('asked to stop', () => {
    it.each(['SIGTERM', 'SIGINT'] as const)('by %s it finishes what it has begun', async (signal) => {
      const { process, finished, line } = await serve();
      const admin = await adminSession(panel);
      await admin.holdUser(user);
      const answer = fetch(`${line.url}${keysOf(user)}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ description: `made during ${signal}` }),
      });
      await until(() => waitsForUser(panel, String(line.url)));
      // Twice, as when a terminal and npm both pass it on.
      process.kill(signal);
      process.kill(signal);
      await once(process.stdout, 'data');
      await expect(fetch(`${line.url}/healthz`)).rejects.toThrow('fetch failed');
      await admin.query('rollback');
      await admin.end();

      expect((await answer).status).toBe(200);
      expect(await finished).toMatchObject({ code: 0, stderr: '' });
      expect(
        await panel.query('select memo from api_keys where memo = ?', [`made during ${signal}`]),
      ).toEqual([{ memo: `made during ${signal}` }]);
    });
  });
});

// A SQLite file does not show who waits for it.
describe.each(cells.filter(({ on }) => on !== 'sqlite'))('while it starts beside %s', (cell) => {
  it('asked to stop, it stops once it has started', async () => {
    const panel = await createPanelDatabase(cell.panel, cell.on);
    const admin = await adminSession(panel);
    await admin.holdKeys();
    const { process, finished } = startCommand(['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0']);
    await until(() => waitsForKeys(panel));
    process.kill('SIGTERM');
    await once(process.stdout, 'data');
    await admin.end();
    const { code, stdout, stderr } = await finished;
    await panel.drop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/"msg":"stopping"[\s\S]*"msg":"stopped"\}\n$/);
  });
});
