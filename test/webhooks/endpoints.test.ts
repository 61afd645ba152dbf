import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadSettings } from '../../src/config/load.ts';
import { OperatorError } from '../../src/operator-error.ts';
import { readAuthority, readEndpoints } from '../../src/webhooks/endpoint.ts';
import { codeBlocks, readDocument, sectionOf } from '../docs/markdown.ts';
import { type Authority, createAuthority } from '../support/authority.ts';
import { failure, run } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { type EndpointEntry, secret, startWith, writeConfig } from './support.ts';

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-endpoints-'));
  file = join(folder, 'panel-sidecar.yaml');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a configuration of this text. */
function load(text: string) {
  writeFileSync(file, text);
  return loadSettings(file, () => null);
}

const loadEndpoints = (endpoints: unknown) => load(stringify({ webhooks: { endpoints } }));

/** The line that an operator gets. */
function lineOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof OperatorError) return error.message.replace(file, 'FILE');
    throw error;
  }
  throw new Error('was accepted');
}

const url = 'https://hooks.example/keys';

describe('the setting', () => {
  it('hides its secrets from whatever prints it, and still gives them by name', () => {
    const settings = loadEndpoints([{ url, secret, events: ['created'] }]);
    const printed = [
      ...[inspect(settings, { depth: null, showHidden: true }), JSON.stringify(settings)],
      inspect({ ...settings.webhooks.endpoints[0] }, { showHidden: true }),
    ].join('\n');
    expect(printed).toContain(url);
    expect(printed).not.toContain(secret.slice(6));
    expect(settings.webhooks.endpoints[0]?.secret).toBe(secret);
  });

  it.each([
    [[{ url, secret: 'whsec_c2hvcnQ=' }], '[0].secret must be whsec_ and the base64 of 24 bytes or more'],
    [[{ url, secret: 5_318_008 }], '[0].secret must be whsec_ and the base64 of 24 bytes or more'],
    [
      [
        { url, secret },
        { url: 'http://user:c2hvcnQ@x', secret },
      ],
      '[1].url must be an address that begins with https://',
    ],
    [[{ url }], '[0] lacks secret'],
    [
      [{ url, secret, c2hvcnQ: 'x' }],
      '[0] has an unknown setting; known are url, secret, events, allow_private, ca_file',
    ],
    [[{ url, secret, events: ['made'] }], '[0].events[0] must be one of created, rotated, revoked, expiring'],
    [
      [{ url, secret, events: 'c2hvcnQ' }],
      '[0].events must be a list of: one of created, rotated, revoked, expiring',
    ],
    [[{ url, secret, allow_private: 'c2hvcnQ' }], '[0].allow_private must be true or false'],
    [['c2hvcnQ'], '[0] must be entries with url, secret, events, allow_private, ca_file'],
    [Array.from({ length: 21 }, () => ({ url, secret })), ' may not have more than 20 entries'],
  ])('%j is refused without being shown', (endpoints, reason) => {
    const line = lineOf(() => loadEndpoints(endpoints));
    expect(line).toBe(`FILE: webhooks.endpoints${reason}`);
    expect(line).not.toMatch(/c2hvcnQ|5318008|AAECAw/);
  });

  it.each([
    [`secret: [${secret}`, 'FILE is not valid YAML at line 1: bad indent'],
    [`a: 1\nsecret: ${secret}\n- x}`, 'FILE is not valid YAML at line 3: multiline implicit key'],
    [`secret: *${secret.slice(6)}`, 'FILE is not valid YAML'],
  ])('a file that is no YAML is refused without being shown: %j', (text, reason) => {
    expect(lineOf(() => load(text))).toBe(reason);
  });

  it('as the README shows it is right', () => {
    const [block] = codeBlocks(sectionOf(readDocument('README.md'), 'Webhooks'));
    expect(block?.language).toBe('yaml');
    const endpoints = readEndpoints(load(block?.text ?? '').webhooks);
    expect(endpoints.map(({ events, allowPrivate, caFile }) => [[...events], allowPrivate, caFile])).toEqual([
      [['created', 'rotated', 'revoked', 'expiring'], false, null],
      [['revoked', 'expiring'], true, '/etc/panel-sidecar/internal-ca.pem'],
    ]);
  });
});

describe('an endpoint', () => {
  const read = (entries: readonly EndpointEntry[]) =>
    readEndpoints(loadEndpoints(entries.map((entry) => ({ secret, ...entry }))).webhooks);

  it('has a normalised address, and for logs a host', () => {
    expect(
      read([{ url: 'https://HOOKS.example:443' }, { url: 'https://ö.example:8443/a b?c#d' }]),
    ).toMatchObject([
      { url: 'https://hooks.example/', host: 'hooks.example' },
      { url: 'https://xn--nda.example:8443/a%20b?c#d', host: 'xn--nda.example:8443' },
    ]);
  });

  it.each([
    [
      ['https://user:hidden@hooks.example/'],
      '[0].url may not hold a user name or password: messages are signed instead',
    ],
    [[url, `https://hooks.example/${'hidden'.repeat(30)}`], '[1].url may not be longer than 191 characters'],
    [['https://'], '[0].url is no address'],
    [['https://x:99999/hidden'], '[0].url is no address'],
    [
      ['https://hooks.example/HIDDEN', 'https://HOOKS.example:443/hidden'],
      ': one at hooks.example is there twice',
    ],
  ])('%j is refused without being shown', (urls, reason) => {
    const line = lineOf(() => read(urls.map((address) => ({ url: address }))));
    expect(line).toBe(`webhooks.endpoints${reason}`);
    expect(line.toLowerCase()).not.toContain('hidden');
  });

  it('may be as long as the outbox can hold', () => {
    const longest = `https://hooks.example/${'x'.repeat(169)}`;
    expect(longest).toHaveLength(191);
    expect(read([{ url: longest }])[0]?.url).toBe(longest);
  });

  it('has no authority of its own unless it names one', () => {
    expect(read([{ url }]).map(readAuthority)).toEqual([null]);
  });
});

describe('a service', () => {
  let authority: Authority;
  let panel: PanelDatabase;

  beforeAll(async () => {
    authority = await createAuthority();
    panel = await createPanelDatabase('pterodactyl', 'sqlite');
  });

  afterAll(async () => {
    await panel?.drop();
    authority?.remove();
  });

  it('without the own tables runs, and says that nothing is sent', async () => {
    const service = await startWith(panel, writeConfig(panel, [{ url }]));
    await service.stop();
    expect(service.log.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40)).toMatchObject([
      {
        level: 40,
        msg: 'webhooks need the own tables, so none are sent: run panel-sidecar migrate --panel PATH',
      },
    ]);
  });

  it('does not start with an authority that cannot be read, or is none', async () => {
    expect((await run(['migrate', '--panel', panel.folder])).code).toBe(0);
    const absent = join(folder, 'absent.pem');
    const empty = join(folder, 'empty.pem');
    writeFileSync(empty, 'none');
    const serve = (caFile: string) => {
      const config = writeConfig(panel, [{ url, ca_file: caFile }]);
      return run(['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0', '--config', config]);
    };
    expect(await serve(absent)).toEqual(
      failure(`cannot read ${absent}, the ca_file of the webhook endpoint at hooks.example`),
    );
    expect(await serve(empty)).toEqual(
      failure(`${empty}, the ca_file of the webhook endpoint at hooks.example, holds no certificate`),
    );
  });
});
