import { expect, it } from 'vitest';
import { newKeyRow } from '../../src/api-keys/new-key-row.ts';
import { keyCreated, shellActor } from '../../src/audit/activity.ts';
import { ActivityLog } from '../../src/audit/activity-log.ts';
import type { Database, Queries } from '../../src/database/database.ts';
import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import type { PanelEnv } from '../../src/panel/env/panel-env.ts';
import { pelican } from '../../src/panel/pelican/pelican.ts';
import { pterodactyl } from '../../src/panel/pterodactyl/pterodactyl.ts';
import { TEST_APP_KEY } from '../support/panel-database.ts';

const env = { timeZone: 'UTC', database: { driver: 'sqlite' }, rateLimit: {} } as PanelEnv;

it.each([pterodactyl, pelican])(
  'rows made for $name have the columns that it says they have',
  async (kind) => {
    const made: Record<string, readonly string[]> = {};
    const note = (table: string, row: object) => {
      made[table] = Object.keys(row).sort();
    };
    const database = {
      insertRow: async (_queries: Queries, table: string, row: object) => {
        note(table, row);
        return 1;
      },
    } as unknown as Database;
    const queries = {
      insertInto: (table: string) => ({
        values: ([row]: readonly [object]) => ({ execute: async () => note(table, row) }),
      }),
    } as unknown as Queries;

    const panel = kind.create(env, false);
    const key = { identifier: 'x', secret: 'x', description: 'x', allowedIps: '[]', expiresAt: null };
    note('api_keys', newKeyRow(panel, new Encrypter([parseAppKey(TEST_APP_KEY)]), 1, key, 'x'));
    const activity = keyCreated(shellActor, 1, { id: 1, identifier: 'x' });
    await new ActivityLog(database, panel).appendWithin(queries, activity);

    const said = Object.entries(kind.writtenColumns).map(([table, columns]) => [table, columns.toSorted()]);
    expect(made).toEqual(Object.fromEntries(said));
  },
);
