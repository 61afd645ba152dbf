import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../src/doctor/run-checks.ts';
import { codeBlocks, readDocument, sectionOf } from '../docs/markdown.ts';
import { type Authority, createAuthority } from '../support/authority.ts';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { connectAsService } from '../support/service-connection.ts';
import { type EndpointEntry, messageTo, writeConfig } from '../webhooks/support.ts';

let panel: PanelDatabase;

/** What `doctor` says of the webhooks of a panel. */
async function examine(entries: readonly EndpointEntry[]) {
  const config = writeConfig(panel, entries);
  const reports = await runChecks({ panel: panel.folder, config, processEnv: {} });
  const found = reports.find(({ name }) => name === 'webhooks');
  return { status: found?.status, detail: found?.detail, remedy: found?.remedy };
}

describe('without the own tables', () => {
  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', 'sqlite');
  });

  afterAll(() => panel?.drop());

  it('there are none', async () => {
    expect(await examine([])).toEqual({ status: 'ok', detail: 'none' });
  });

  it('those that are configured are not sent', async () => {
    expect(await examine([{ url: 'https://hooks.example/secret' }])).toEqual({
      status: 'warn',
      detail: 'configured, but without the own tables none are sent',
      remedy: 'run panel-sidecar migrate --panel PATH',
    });
  });
});

describe.each(cells)('%s', (cell) => {
  let authority: Authority;

  beforeAll(async () => {
    authority = await createAuthority();
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
  });

  afterEach(() => panel.execute('delete from sidecar_outbox'));

  afterAll(async () => {
    await panel?.drop();
    authority?.remove();
  });

  const entry = () => ({ url: 'https://hooks.example:8443/secret', ca_file: authority.caFile });

  it('names the hosts that messages are sent to, and no more of their addresses', async () => {
    await insertRows(panel, 'sidecar_outbox', [messageTo(entry().url)]);
    expect(await examine([entry()])).toEqual({ status: 'ok', detail: 'sent to hooks.example:8443' });
  });

  it('lists what was given up, by host and reason', async () => {
    const dead = (url: string, reason: string) =>
      messageTo(url, { attempts: 10, next_attempt_at: null, last_error: reason });
    await insertRows(panel, 'sidecar_outbox', [
      dead(entry().url, 'answered 500'),
      dead('https://a.example/secret', 'answered 404'),
      dead(entry().url, 'answered 500'),
      dead(entry().url, 'answered 301'),
    ]);
    expect(await examine([])).toEqual({
      status: 'warn',
      detail:
        'messages were given up: 1 for a.example (answered 404); 1 for hooks.example:8443 (answered 301); 2 for hooks.example:8443 (answered 500)',
      remedy: 'mend what stops them, then send them again or delete them (README, "Webhooks")',
    });
  });

  it('is content once they are sent again as the README says', async () => {
    await insertRows(panel, 'sidecar_outbox', [
      messageTo(entry().url, { attempts: 10, next_attempt_at: null, last_error: 'answered 500' }),
    ]);
    const blocks = codeBlocks(sectionOf(readDocument('README.md'), 'Webhooks'));
    const service = cell.on === 'sqlite' ? panel : await connectAsService(panel);
    await service.query(blocks.find(({ language }) => language === 'sql')?.text ?? '');
    if ('end' in service) await service.end();
    expect(await examine([entry()])).toEqual({ status: 'ok', detail: 'sent to hooks.example:8443' });
    expect(await panel.query('select attempts, next_attempt_at from sidecar_outbox')).toEqual([
      { attempts: 0, next_attempt_at: 0 },
    ]);
  });

  it('tells an authority that cannot be read', async () => {
    const absent = join(panel.folder, 'absent.pem');
    expect(await examine([{ ...entry(), ca_file: absent }])).toEqual({
      status: 'fail',
      detail: `cannot read ${absent}, the ca_file of the webhook endpoint at hooks.example:8443`,
    });
  });
});
