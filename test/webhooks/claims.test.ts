import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Services } from '../../src/services.ts';
import { MessageStore } from '../../src/webhooks/message-store.ts';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { messageTo, openPanelServices, outboxOf, writeConfig } from './support.ts';

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  let processes: readonly Services[];
  let stores: readonly MessageStore[];
  let first: MessageStore;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
    const config = writeConfig(panel, []);
    processes = await Promise.all([0, 1, 2].map(() => openPanelServices(panel, config)));
    stores = processes.map(({ database }) => new MessageStore(database));
    first = new MessageStore((processes[0] as Services).database);
  });

  afterAll(async () => {
    await Promise.all(processes?.map(({ database }) => database.close()) ?? []);
    await panel?.drop();
  });

  const url = 'https://hooks.example/a';
  const insert = (rows: Parameters<typeof messageTo>[1][]) =>
    insertRows(
      panel,
      'sidecar_outbox',
      rows.map((row) => messageTo(url, row)),
    );
  const empty = () => panel.execute('delete from sidecar_outbox');

  it('no two claim the same message', async () => {
    await insert(Array.from({ length: 40 }, () => ({})));
    const claims: string[] = [];
    for (let round = 0; claims.length < 40; round += 1) {
      expect(round).toBeLessThan(40);
      const claimed = await Promise.all(stores.map((store) => store.claimDue(url, 4, 1000)));
      claims.push(...claimed.flat().map(({ messageId }) => messageId));
    }
    expect(new Set(claims).size).toBe(40);
    expect(await first.claimDue(url, 4, 1000)).toEqual([]);
    await empty();
  });

  it('a claim ends after 20 seconds, and what its holder says then counts no more', async () => {
    await insert([{ next_attempt_at: 500 }]);
    expect(await first.claimDue(url, 4, 499)).toEqual([]);
    const [old] = await first.claimDue(url, 4, 500);
    expect(await first.claimDue(url, 4, 20_499)).toEqual([]);
    const [young] = await first.claimDue(url, 4, 20_500);
    if (old === undefined || young === undefined) throw new Error('not claimed');
    expect(young).toEqual({ ...old, claimedUntil: 40_500 });

    await first.remove(old);
    await first.release(old, 1, 'too late');
    expect(await outboxOf(panel)).toMatchObject([{ attempts: 0, last_error: null, claimed_until: 40_500 }]);
    await first.release(young, 60_000, 'in time');
    expect(await outboxOf(panel)).toMatchObject([
      { attempts: 1, next_attempt_at: 60_000, last_error: 'in time', claimed_until: 0 },
    ]);
    await empty();
  });

  it('the most overdue come first, each endpoint for itself', async () => {
    await insert([{ next_attempt_at: 3 }, { next_attempt_at: 1 }, { next_attempt_at: 2 }]);
    await insertRows(panel, 'sidecar_outbox', [messageTo('https://hooks.example/b')]);
    const due = (await outboxOf(panel)).sort((a, b) => Number(a.next_attempt_at) - Number(b.next_attempt_at));
    const expected = due.filter(({ endpoint }) => endpoint === url).map(({ message_id }) => message_id);
    const claimed = [...(await first.claimDue(url, 2, 1000)), ...(await first.claimDue(url, 2, 1000))];
    expect(claimed.map(({ messageId }) => messageId)).toEqual(expected);
    await empty();
  });
});
