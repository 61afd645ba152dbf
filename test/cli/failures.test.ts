import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';

let folder: string;
let panel: PanelDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-failures-'));
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  const seed = new PanelSeed(panel);
  await seed.key(await seed.user());
});

afterAll(async () => {
  await panel.drop();
  rmSync(folder, { recursive: true });
});

/** A file of this text, anew for each call. */
function fileOf(text: string): string {
  const file = join(mkdtempSync(join(folder, 'f-')), '.env');
  writeFileSync(file, text);
  return file;
}

describe('a command line', () => {
  it.each([
    [['srve'], "unknown command 'srve' (Did you mean serve?)"],
    [['serve', '--panel', '.', '--lisen', 'x'], "unknown option '--lisen' (Did you mean --listen?)"],
    [['serve'], "required option '--panel <path>' not specified"],
    [['serve', '--panel'], "option '--panel <path>' argument missing"],
    [['demo', 'now'], "too many arguments for 'demo'. Expected 0 arguments but got 1."],
    [['keys', 'list', '--panel', '.'], "missing required argument 'user'"],
    [['keys', 'create', 'x', '--panel', '.'], "required option '--description <text>' not specified"],
    [['allocations', 'taken'], "unknown command 'taken'"],
  ])('%j is refused in one line', async (args, reason) => {
    expect(await run(args)).toEqual(failure(reason));
  });

  it('without a command prints the help, and fails', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Usage: panel-sidecar \[options\] \[command\]\n/);
  });

  it('asked for help or version prints it, and does not fail', async () => {
    expect(await run(['serve', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: panel-sidecar serve [options]\n'),
      stderr: '',
    });
    expect(await run(['--version'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a panel that', () => {
  const serve = (path: string, env: Readonly<Record<string, string>> = {}, ...args: string[]) =>
    run(['serve', '--panel', path, '--listen', '127.0.0.1:0', ...args], { env });

  it('is not there, or holds no .env, is told', async () => {
    expect(await serve('/nowhere')).toEqual(
      failure("/nowhere does not exist: give the panel's folder, or its .env file"),
    );
    expect(await serve(folder)).toEqual(
      failure(
        `${folder} has no .env: give the panel's folder or its .env file, or set APP_KEY and the DB_ variables in the environment`,
      ),
    );
  });

  it('has a broken .env is told by line, without its content', async () => {
    const file = fileOf('APP_NAME=x\nAPP_KEY="secret\n');
    const { code, stdout, stderr } = await serve(file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^panel-sidecar: .*\.env, line 2: [^\n]*\n$/);
    expect(stderr).not.toContain('secret');
  });

  it('has an APP_KEY that is none, or another than its keys are encrypted with, is told', async () => {
    expect(await serve(fileOf(panel.envText({ APP_KEY: 'short' })))).toEqual(
      failure(
        'APP_KEY must be "base64:" followed by 32 bytes in base64, or exactly 32 characters: copy it unchanged from the panel',
      ),
    );
    expect(await serve(panel.folder, { APP_KEY: 'another key of thirty-two bytes!' })).toEqual(
      failure(
        "APP_KEY does not open the stored API keys: use the panel's own, and put older ones in APP_PREVIOUS_KEYS",
      ),
    );
  });

  it('has a database that refuses, is another, or is away, is told', async () => {
    const refused = await serve(panel.folder, { DB_PASSWORD: 'wrong-password' });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^panel-sidecar: 127\.0\.0\.1:\d+\/t_\w+ refused the user "t_\w+": check DB_USERNAME and DB_PASSWORD\n$/,
    );
    const empty = await serve(panel.folder, { DB_PREFIX: 'other_' });
    expect(empty).toEqual(
      failure(
        'the database holds no table of a panel: check DB_DATABASE, DB_PREFIX and what this account may read',
      ),
    );
    const away = await serve(panel.folder, { DB_PORT: '1', DB_DATABASE: 'panel' });
    expect(away).toEqual(
      failure(
        'nothing answers at 127.0.0.1:1/panel: is the database running, are DB_HOST and DB_PORT right?',
      ),
    );
  });

  it('has a time zone that its database does not know, is told', async () => {
    const { code, stderr } = await serve(panel.folder, { DB_TIMEZONE: 'Nowhere/Land' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^panel-sidecar: cannot use the database 127\.0\.0\.1:\d+\/t_\w+: Unknown or incorrect time zone: 'Nowhere\/Land'\n$/,
    );
  });

  it('is given with a bad configuration, is told, and nothing keeps the process', async () => {
    const config = fileOf('api_key:\n  max_keys: 5\n');
    expect((await serve(panel.folder, {}, '--config', config)).stderr).toMatch(
      /^panel-sidecar: .* unknown setting "api_key.max_keys"; known are max_keys_per_user, [^\n]*\n$/,
    );
    expect(await serve(panel.folder, {}, '--config', '/nowhere.yaml')).toEqual(
      failure('cannot read the configuration file /nowhere.yaml'),
    );
    // Found out only once the database is open.
    expect(await serve(panel.folder, { SIDECAR_TRUSTED_PROXIES: 'nginx' })).toEqual(
      failure(
        'Trusted proxies: "nginx" is neither an IP address nor a CIDR block. Write them with commas between, or a single * to trust whoever connects.',
      ),
    );
  });

  it('is to be served where something listens already, is told, and nothing keeps the process', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    const address = `127.0.0.1:${port}`;
    expect(await run(['serve', '--panel', panel.folder, '--listen', address])).toEqual(
      failure(`cannot listen on ${address}: something listens there already`),
    );
    squatter.close();
  });
});
