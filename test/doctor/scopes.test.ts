import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/doctor/run-checks.ts';
import { keyTakenByPanel } from '../scopes/as-the-panel.ts';
import { scopingService } from '../scopes/scoped-panel.ts';
import { startWebServer, type WebServer, type WebServerName, webServerNames } from '../scopes/web-servers.ts';
import { run, startCommand } from '../support/cli.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { activities, PanelSeed, type SeededUser } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { until } from '../support/sidecar.ts';
import { StandInPanel } from '../support/stand-in-panel.ts';
import { examine } from './examine.ts';

const permitted = '/api/client/account';

let panel: PanelDatabase;
let seed: PanelSeed;
let admin: SeededUser;
let standIn: StandInPanel;
let services: Readonly<Record<WebServerName, RunningService>>;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'sqlite');
  await migrateOwnTables(panel);
  seed = new PanelSeed(panel);
  admin = await seed.user({ admin: true });
  standIn = await StandInPanel.start((request) => (keyTakenByPanel(request) === null ? 401 : 200));
  const [nginx, caddy] = await Promise.all([scopingService(panel, 'nginx'), scopingService(panel, 'caddy')]);
  services = { nginx, caddy };
});

afterAll(async () => {
  for (const service of Object.values(services ?? {})) await service.stop();
  await standIn?.stop();
  await panel?.drop();
});

let user: SeededUser;
const servers: WebServer[] = [];

beforeEach(async () => {
  await panel.execute('delete from users where root_admin = 0');
  await panel.execute('delete from activity_logs');
  user = await seed.user();
  standIn.take();
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** A web server with the docs' lines, or with those as a test changes them. */
async function front(name: WebServerName, change?: (lines: string) => string): Promise<string> {
  const service = new URL(services[name].url).host;
  const server = await startWebServer(name, { panel: standIn, service, ...(change ? { change } : {}) });
  servers.push(server);
  return server.url;
}

function examineScopes(proxy: string, url?: string, env: Readonly<Record<string, string>> = {}) {
  const scopes = { SIDECAR_SCOPES_ENFORCE: 'true', SIDECAR_SCOPES_PROXY: proxy };
  return examine(panel, 'scopes', { ...scopes, ...env }, url);
}

/** As an operator gets it, who names the user. */
async function examineFor(user: string, url: string, env: Readonly<Record<string, string>> = {}) {
  const args = ['doctor', '--json', '--panel', panel.folder, '--url', url, '--user', user];
  const { stdout } = await run(args, { env: { SIDECAR_SCOPES_ENFORCE: 'true', ...env } });
  const { checks } = JSON.parse(stdout) as { checks: readonly CheckReport[] };
  return checks.find(({ name }) => name === 'scopes');
}

const leftKeys = () => panel.query('select memo from api_keys');
const leftRows = () => panel.query('select * from sidecar_keys');

describe.each(webServerNames)('behind %s', (name) => {
  test('the lines of the docs keep scopes', async () => {
    const url = await front(name);
    expect(await examineScopes(name, url)).toEqual({
      name: 'scopes',
      status: 'ok',
      detail: `kept at ${url}: tried 10 requests`,
    });
    const withKey = standIn.take().filter((request) => keyTakenByPanel(request) !== null);
    expect(withKey.map(({ variables }) => variables.REQUEST_URI)).toEqual([permitted]);
  });

  test('without a question scopes are not kept', async () => {
    const url = await front(name, () => '');
    expect(await examineScopes(name, url)).toMatchObject({
      status: 'fail',
      detail: `a key that may only read the account was answered 200 at ${permitted}/api-keys, not 403`,
      remedy: 'have the web server ask /authorize (docs/scopes.md)',
    });
    expect([await leftKeys(), await leftRows()]).toEqual([[], []]);
  });
});

test('a question that only /api/client is asked is got around', async () => {
  const location = `
    location ^~ /api/client {
      auth_request /panel-sidecar-authorize;
      try_files $uri @php;
    }
    location @php {
      fastcgi_pass ${standIn.address};
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param REQUEST_URI $request_uri;
    }`;
  const url = await front('nginx', (lines) => lines.replace(/auth_request \S+;/, location));
  const { status, detail } = await examineScopes('nginx', url);
  expect([status, detail]).toEqual([
    'fail',
    `these get around the web server's question: /index.php${permitted}/api-keys`,
  ]);
});

test('a question about what clients claim is got around', async () => {
  const url = await front('nginx', (lines) =>
    lines
      .replace(
        'internal;',
        'internal; set $asked $request_uri; if ($http_x_original_uri) { set $asked $http_x_original_uri; }',
      )
      .replace('X-Original-URI $request_uri', 'X-Original-URI $asked'),
  );
  const { status, detail } = await examineScopes('nginx', url);
  expect([status, detail]).toEqual([
    'fail',
    "these get around the web server's question: headers that claim another path",
  ]);
});

test('with the name of another web server nothing is permitted', async () => {
  const url = await front('nginx', (lines) => lines.replaceAll('X-Original-', 'X-Other-'));
  expect(await examineScopes('caddy', url)).toMatchObject({
    status: 'fail',
    detail: `a key that may read the account was answered 403 at ${url}${permitted}`,
    remedy: 'set scopes.proxy and scopes.authorize_from to the web server that asks',
  });
});

describe('the throw-away key', () => {
  test('is of a user who is no admin and has no servers, reads the account, ends in a minute, and is gone', async () => {
    const url = await front('nginx');
    await examineScopes('nginx', url);
    const [arrived] = standIn.take();
    const identifier = arrived?.variables.HTTP_AUTHORIZATION?.slice('Bearer '.length).slice(0, 16);
    expect([await leftKeys(), await leftRows()]).toEqual([[], []]);
    expect(await activities(panel, '1 = 1')).toEqual([
      {
        ...{ event: 'user:api-key.create', ip: '127.0.0.1', actor: null, apiKeyId: null },
        properties: { identifier, permissions: ['user.read'] },
        subjects: [`user ${user.id}`, expect.stringMatching(/^api_key \d+$/)],
      },
      {
        ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: null, apiKeyId: null },
        properties: { identifier },
        subjects: [`user ${user.id}`],
      },
    ]);
  });

  test('is of the user who is named', async () => {
    const other = await seed.user();
    const url = await front('nginx');
    expect((await examineFor(`user${other.id}`, url))?.status).toBe('ok');
    const [created] = await activities(panel, "event = 'user:api-key.create'");
    expect(created?.subjects[0]).toBe(`user ${other.id}`);
  });

  test('is never of an admin, and of nobody who is not there', async () => {
    const allowed = { CLIENT_API_ALLOW_ADMIN_TARGETS: 'true' };
    const url = 'http://127.0.0.1:1';
    expect(await examineFor(String(admin.id), url, allowed)).toMatchObject({
      status: 'fail',
      detail: `user ${admin.id} is an admin: choose another by --user`,
    });
    expect(await examineFor('nobody', url)).toMatchObject({
      status: 'fail',
      detail: 'no user has the id, e-mail or username "nobody"',
    });
    expect(await activities(panel, '1 = 1')).toEqual([]);
  });

  test('is not made where every user is an admin or has servers', async () => {
    await panel.execute('delete from users where root_admin = 0');
    expect(await examineScopes('nginx', 'http://127.0.0.1:1')).toMatchObject({
      status: 'fail',
      detail:
        'not tried: no user was found who is no admin and has no servers (least privilege hides whose servers are)',
      remedy: 'pass --user with a user who is no admin; make one if there is none',
    });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'is deleted on %s, which still ends the command',
    async (signal) => {
      const asked: string[] = [];
      const silent = await listen((path) => asked.push(path));
      const env = { SIDECAR_SCOPES_ENFORCE: 'true' };
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const command = startCommand(['doctor', '--panel', panel.folder, '--url', url], { env });
      await until(() => asked.length > 0);
      expect(await leftKeys()).toEqual([{ memo: 'panel-sidecar doctor' }]);
      const [{ expires_at: end } = {}] = await panel.query('select expires_at from sidecar_keys');
      expect(Number(end) - Date.now()).toBeGreaterThan(0);
      expect(Number(end) - Date.now()).toBeLessThanOrEqual(60_000);
      command.process.kill(signal);
      const { code } = await command.finished;
      silent.closeAllConnections();
      silent.close();
      expect(code).toBe(signal);
      expect([await leftKeys(), await leftRows()]).toEqual([[], []]);
    },
  );
});

/** A server that answers nothing. */
async function listen(onRequest: (path: string) => void): Promise<Server> {
  const server = createServer((request) => onRequest(request.url ?? ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('where the panel cannot be asked', () => {
  test.each([
    ['http://127.0.0.1:1', 'fail', 'http://127.0.0.1:1 did not answer: connect ECONNREFUSED 127.0.0.1:1'],
    [
      'panel.test',
      'fail',
      '"panel.test" is no http or https address: give the panel\'s public address by --url',
    ],
    ['ftp://panel.test', 'fail', '"ftp://panel.test" is no http or https address'],
  ])('%s: %s', async (url, status, detail) => {
    const report = await examineScopes('nginx', url);
    expect([report.status, report.detail]).toEqual([status, expect.stringContaining(detail)]);
    expect(await leftKeys()).toEqual([]);
  });

  test('APP_URL is asked unless another address is given', async () => {
    const url = await front('nginx');
    expect((await examineScopes('nginx', undefined, { APP_URL: `${url}/` })).detail).toBe(
      `kept at ${url}: tried 10 requests`,
    );
    expect((await examineScopes('nginx', undefined, { APP_URL: '' })).detail).toBe(
      "APP_URL is not set: give the panel's public address by --url",
    );
  });

  test('a web server that cannot reach the service is told from one that does not ask', async () => {
    const url = await front('nginx', (lines) =>
      lines.replace('panel_sidecar/authorize', '127.0.0.1:1/authorize'),
    );
    expect(await examineScopes('nginx', url)).toMatchObject({
      status: 'fail',
      detail: `a key that may read the account was answered 503 at ${url}${permitted}`,
      remedy: 'see that the service runs, and that the web server reaches it',
    });
  });

  test('a redirect is not followed', async () => {
    const url = await front('nginx', () => 'return 301 https://panel.test$request_uri;');
    expect(await examineScopes('nginx', url)).toMatchObject({
      status: 'fail',
      detail: `a key that may read the account was answered 301 at ${url}${permitted}`,
      remedy: 'name the address that it leads to by --url',
    });
  });
});

test('without enforcement there is nothing to try', async () => {
  expect(await examine(panel, 'scopes')).toEqual({
    name: 'scopes',
    status: 'ok',
    detail: 'not enforced, so keys are given none',
  });
});
