import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envValueOf } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { type ReplicatedServer, startReplicated } from '../support/replica.ts';
import { until } from '../support/sidecar.ts';
import { examine } from './examine.ts';

const name = 'replica';
const env = { DB_READ_HOST: '127.0.0.2' };
const remedy = 'until then lists are read from the primary; see that DB_READ_HOST is right, or remove it';

describe.each(cells.filter(({ on }) => on !== 'sqlite'))('%s', (cell) => {
  let servers: ReplicatedServer;
  let panel: PanelDatabase;
  let place: string;
  beforeAll(async () => {
    servers = await startReplicated(cell.on);
    panel = await createPanelDatabase(cell.panel, cell.on, servers.primary.address);
    place = `127.0.0.2:${servers.replica.address.port}/${envValueOf(panel, 'DB_DATABASE')}`;
  });
  afterAll(async () => {
    await panel.drop();
    await servers.stop();
  });

  it('says where lists are read', async () => {
    expect(await examine(panel, name)).toEqual({
      ...{ name, status: 'ok', detail: 'none: lists are read where everything else is (no DB_READ_HOST)' },
    });
    await until(async () => (await examine(panel, name, env)).status === 'ok');
    expect(await examine(panel, name, env)).toEqual({
      ...{ name, status: 'ok', detail: `lists are read from ${place}` },
    });
  });

  it('warns of one that is away', async () => {
    await servers.replica.halt();
    const { status, detail, remedy: advice } = await examine(panel, name, env);
    expect({ status, advice }).toEqual({ status: 'warn', advice: remedy });
    expect(detail.startsWith(`${place} fails with "`)).toBe(true);
    await servers.replica.start();
  });
});

it('warns where the database is a file', async () => {
  const panel = await createPanelDatabase('pelican', 'sqlite');
  const report = await examine(panel, name, env);
  await panel.drop();
  expect(report).toEqual({
    ...{
      name,
      status: 'warn',
      detail: 'DB_READ_HOST is set, but the database is a file',
      remedy: 'remove it',
    },
  });
});
