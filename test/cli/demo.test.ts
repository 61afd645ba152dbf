import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, run, startCommand } from '../support/cli.ts';

const shell = promisify(execFile);

let temporary: string;

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'panel-sidecar-test-'));
});

afterAll(() => {
  rmSync(temporary, { recursive: true });
});

/** Starts a demo whose temporary folder is the test's own, and waits until it has printed all. */
async function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const demo = startCommand(['demo', ...args], { env: { TMPDIR: temporary, ...env } });
  const [text] = await demo.printed(/[\s\S]*per_page=5'\n/);
  const url = /^Address +(\S+)$/m.exec(text)?.[1] ?? '';
  return { demo, text, url };
}

const demoFolders = () => readdirSync(temporary).filter((name) => name.startsWith('panel-sidecar-demo-'));

async function stop({ process, finished }: Running, signal: NodeJS.Signals = 'SIGTERM') {
  process.kill(signal);
  return finished;
}

const kinds = [
  {
    name: 'Pterodactyl',
    args: [],
    application: 'ptla_',
    account: 'ptlc_',
    location: { id: 1, short: 'fra' },
  },
  { name: 'Pelican', args: ['--pelican'], application: 'papp_', account: 'pacc_', location: null },
];

describe.each(kinds)('the lines it prints as a $name', ({ name, args, application, account, location }) => {
  let demo: Running;
  let lines: readonly string[];
  let text: string;

  beforeAll(async () => {
    const started = await startDemo([...args, '--listen', '127.0.0.1:0'], { CI: 'true' });
    demo = started.demo;
    text = started.text;
    lines = text.split('\n').filter((line) => line.startsWith('curl '));
  });

  afterAll(async () => {
    expect(await stop(demo)).toMatchObject({ code: 0, stderr: '' });
    expect(demoFolders()).toEqual([]);
  });

  const paste = async (index: number) => (await shell('sh', ['-c', lines[index] ?? 'false'])).stdout;

  it('are four, without colours where nobody looks', () => {
    expect(lines).toHaveLength(4);
    expect(text).not.toContain('\u001b');
    expect(text).toContain(`The service over a small ${name} panel`);
    const shown = /^Application key {2}(\w{5})demoBilling[A-Za-z0-9]{32}$/m.exec(text);
    expect(shown?.[1]).toBe(application);
  });

  it('list keys', async () => {
    const { data } = JSON.parse(await paste(0));
    const shown = data.map(({ attributes: { identifier, description } }: { attributes: Key }) => [
      identifier,
      description,
    ]);
    expect(shown).toEqual([
      [`${account}demoPlugin1`, 'Status plugin'],
      [`${account}demoBackup1`, 'Nightly backups'],
    ]);
  });

  it('make a key that works', async () => {
    const created = JSON.parse(await paste(1));
    expect(created).toMatchObject({
      object: 'api_key',
      attributes: { description: 'Shop', allowed_ips: ['203.0.113.0/24'], last_used_at: null },
    });
    const made: string = created.attributes.identifier + created.meta.secret_token;
    expect([made.slice(0, 5), made.slice(5)]).toEqual([account, expect.stringMatching(/^[A-Za-z0-9]{43}$/)]);
  });

  it('delete a key that is there', async () => {
    expect(lines[2]).toContain(`/${account}demoPlugin1`);
    expect(await paste(2)).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect(await paste(2)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  });

  it('list free ports', async () => {
    const { data, meta } = JSON.parse(await paste(3));
    expect(data.map(({ attributes }: { attributes: { port: number } }) => attributes.port)).toEqual([
      25571, 25572, 25573, 25574, 25575,
    ]);
    expect(meta.pagination).toMatchObject({ total: 144, count: 5, per_page: 5, total_pages: 29 });
    expect(meta.node).toMatchObject({ id: 1, name: 'fra-1' });
    if (location === null) expect(meta.node.location).toBeNull();
    else expect(meta.node.location).toMatchObject(location);
  });
});

interface Key {
  readonly identifier: string;
  readonly description: string;
}

it('takes a free port where its usual one is taken, though not in place of a given one', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  const { port } = squatter.address() as { port: number };
  const taken = `127.0.0.1:${port}`;
  expect(await run(['demo', '--listen', taken], { env: { TMPDIR: temporary } })).toEqual({
    code: 1,
    stdout: '',
    stderr: `panel-sidecar: cannot listen on ${taken}: something listens there already\n`,
  });
  squatter.close();

  const first = await startDemo([]);
  const second = await startDemo([]);
  expect(second.url).not.toBe(first.url);
  for (const { url } of [first, second]) expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(demoFolders()).toHaveLength(2);
  for (const { demo } of [first, second]) await stop(demo);
  expect(demoFolders()).toEqual([]);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('is gone without a trace after %s', async (signal) => {
  const { demo } = await startDemo(['--listen', '127.0.0.1:0']);
  demo.process.kill(signal);
  // As when a terminal and npm both pass it on.
  demo.process.kill(signal);
  expect(await demo.finished).toMatchObject({ code: 0, stderr: '' });
  expect(demoFolders()).toEqual([]);
});

it('reads nothing of a real panel from its environment', async () => {
  const { demo, url } = await startDemo(['--listen', '127.0.0.1:0'], {
    DB_CONNECTION: 'mysql',
    DB_HOST: '127.0.0.1',
    DB_PORT: '1',
    APP_KEY: 'not a key',
    CLIENT_API_MAX_KEYS_PER_USER: 'many',
  });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await stop(demo);
  expect(existsSync(join(temporary, 'database.sqlite'))).toBe(false);
});

it('refuses an address that is none before it makes anything', async () => {
  expect(await run(['demo', '--listen', 'here'], { env: { TMPDIR: temporary } })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'panel-sidecar: cannot listen on "here": write HOST:PORT, or [IPv6]:PORT\n',
  });
  expect(demoFolders()).toEqual([]);
});
