import { describe, expect, it, onTestFinished } from 'vitest';
import type { VisibleColumns } from '../../src/database/columns.ts';
import { detectPanel } from '../../src/panel/detect.ts';
import { pelican } from '../../src/panel/pelican/pelican.ts';
import { pterodactyl } from '../../src/panel/pterodactyl/pterodactyl.ts';
import { cells } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { startService } from '../support/service.ts';

type Columns = Readonly<Record<string, readonly string[]>>;

function visible(columns: Columns): VisibleColumns {
  return new Map(Object.entries(columns).map(([table, names]) => [table, new Set(names)]));
}

/** The tables of a panel without some of them or of their columns. */
function without(columns: Columns, absent: readonly string[]): Columns {
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([table]) => !absent.includes(table))
      .map(([table, names]) => [table, names.filter((name) => !absent.includes(`${table}.${name}`))]),
  );
}

describe('by tables and columns', () => {
  it.each([pterodactyl, pelican])('$name is known', (kind) => {
    expect(detectPanel(visible(kind.columns))).toBe(kind);
  });

  it('tables and columns of others do not matter', () => {
    const { users = [], ...rest } = pelican.columns;
    const more = { ...rest, users: [...users, 'shoe_size'], plugin_things: ['id'] };
    expect(detectPanel(visible(more))).toBe(pelican);
  });

  it('a database without any of the tables is refused', () => {
    expect(() => detectPanel(visible({ wp_posts: ['id'] }))).toThrow(
      'the database holds no table of a panel: check DB_DATABASE, DB_PREFIX and what this account may read',
    );
  });

  it('a panel in part is refused with what is missing', () => {
    const columns = without(pterodactyl.columns, ['api_keys.expires_at', 'locations']);
    expect(() => detectPanel(visible(columns))).toThrow(
      'the database is closest to Pterodactyl, but these are missing, or not granted to this account: api_keys.expires_at, locations',
    );
  });

  it('a panel half-way from Pterodactyl to Pelican is refused', () => {
    const columns = without(pelican.columns, ['model_has_roles', 'api_keys.permissions']);
    expect(() => detectPanel(visible({ ...columns, locations: ['id', 'short', 'long'] }))).toThrow(
      'the database is closest to Pelican, but these are missing, or not granted to this account: api_keys.permissions, model_has_roles',
    );
  });

  it('a database that holds both is refused', () => {
    const names = new Set([...Object.keys(pterodactyl.columns), ...Object.keys(pelican.columns)]);
    const both = [...names].map((table) => [
      table,
      [...(pterodactyl.columns[table] ?? []), ...(pelican.columns[table] ?? [])],
    ]);
    expect(() => detectPanel(visible(Object.fromEntries(both)))).toThrow(
      'the database holds the tables of both Pterodactyl and Pelican: finish or undo the migration between them',
    );
  });
});

describe.each(cells)('%s', ({ panel: name, on }) => {
  async function create(): Promise<PanelDatabase> {
    const panel = await createPanelDatabase(name, on);
    onTestFinished(() => panel.drop());
    return panel;
  }

  it('is named in the first line of serve', async () => {
    const panel = await create();
    const service = await startService(panel.folder);
    await service.stop();
    const expected = name === 'pelican' ? 'Pelican' : 'Pterodactyl';
    expect(JSON.parse(service.log[0] ?? '')).toMatchObject({
      panel: expected,
      msg: `panel-sidecar listens on ${service.url} beside ${expected}`,
    });
  });

  it('is refused with one line where a column is missing', async () => {
    const panel = await create();
    await panel.execute('alter table api_keys drop column memo');
    await expect(startService(panel.folder)).rejects.toThrow(
      /ended with 1: panel-sidecar: the database is closest to P\w+, but these are missing, or not granted to this account: api_keys\.memo\n/,
    );
  });
});
