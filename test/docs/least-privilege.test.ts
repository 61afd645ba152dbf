import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownTableColumns } from '../../src/database/own-tables.ts';
import type { PanelKind } from '../../src/panel/panel.ts';
import { pelican } from '../../src/panel/pelican/pelican.ts';
import { pterodactyl } from '../../src/panel/pterodactyl/pterodactyl.ts';
import { cells, type PanelName } from '../support/cells.ts';
import { printedStatements } from '../support/least-privilege.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { connectAsService, type ServiceConnection } from '../support/service-connection.ts';

const kinds: Readonly<Record<PanelName, PanelKind>> = { pterodactyl, pelican };

/** Columns that printed grants name, by table. @param right Only those granted for this. */
function grantedColumns(printed: string, right = ''): Map<string, Set<string>> {
  const granted = new Map<string, Set<string>>();
  // What only MySQL runs is there for its locks.
  const sql = printed.replaceAll(/^\s*--.*$/gm, '').replaceAll(/\/\*![\s\S]*?\*\//g, '');
  for (const [, privileges = '', table = ''] of sql.matchAll(
    /GRANT ([^;]*?)\sON (?:panel|public)\.(\w+)\s+TO/g,
  )) {
    const lists = [...privileges.matchAll(new RegExp(`${right} ?\\(([^)]*)\\)`, 'g'))].map(
      ([, list = '']) => list,
    );
    if (lists.length === 0) continue;
    const names = lists.flatMap((list) => list.split(',')).map((name) => name.replaceAll(/[\s`]/g, ''));
    granted.set(table, new Set([...(granted.get(table) ?? []), ...names]));
  }
  return granted;
}

function setsOf(columns: Readonly<Record<string, readonly string[]>>): Map<string, Set<string>> {
  return new Map(Object.entries(columns).map(([table, names]) => [table, new Set(names)]));
}

const onServers = cells.filter(({ on }) => on !== 'sqlite');

describe.each(onServers)('with the grants printed for %s', ({ panel: name, on }) => {
  let panel: PanelDatabase;
  let connection: ServiceConnection;

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    connection = await connectAsService(panel);
  });

  afterAll(async () => {
    await connection?.end();
    await panel?.drop();
  });

  test('the service may use the columns that it names in its statements, and no others', () => {
    const printed = printedStatements(name, panel.dialect);
    expect(grantedColumns(printed)).toEqual(setsOf(kinds[name].columns));
    expect(grantedColumns(printed, 'INSERT')).toEqual(setsOf(kinds[name].writtenColumns));
  });

  test('all own tables are granted, and no others', () => {
    const printed = printedStatements(name, panel.dialect, 'own tables').replaceAll(/\bSEQUENCE [^;]*/g, '');
    const tables = [...printed.matchAll(/\b(?:panel|public)\.(sidecar_\w+)/g)].map(([, table]) => table);
    expect(tables.sort()).toEqual(Object.keys(ownTableColumns).sort());
  });

  test.each([
    ['read passwords', 'select password from users'],
    ["read the nodes' tokens", 'select daemon_token from nodes'],
    ['read who did what', 'select event, ip from activity_logs'],
    ['add an account', "insert into users (username) values ('x')"],
    ['rename an account', "update users set username = 'x'"],
    ['delete an account', 'delete from users'],
    ['change a secret', "update api_keys set token = ''"],
    ['move a key to another account', 'update api_keys set user_id = 1'],
    ['change what was recorded', "update activity_logs set ip = '192.0.2.1'"],
    ['remove what was recorded', 'delete from activity_logs'],
    ['take a port', 'update allocations set server_id = 1'],
    ['drop a table', 'drop table api_keys'],
    ...(name === 'pterodactyl' ? onlyPterodactyl : onlyPelican),
    ...(on === 'postgres' ? onlyPostgres : []),
  ])('the service cannot %s', async (_what, statement) => {
    await expect(connection.query(statement)).rejects.toThrow(/denied|must be owner/);
  });
});

const onlyPterodactyl = [
  ['read second factors', 'select totp_secret from users'],
  ['make an admin', 'update users set root_admin = 1'],
  ['widen an application key', 'update api_keys set r_users = 3'],
  ['add an application key that may do anything', 'insert into api_keys (user_id, r_users) values (1, 3)'],
  ['record something for an earlier time', "insert into activity_logs (timestamp) values ('2020-01-01')"],
  ['change the policy', "update settings set value = '0'"],
];

const onlyPelican = [
  ['read second factors', 'select mfa_app_secret from users'],
  ['make an admin', "insert into model_has_roles (role_id, model_type, model_id) values (1, 'user', 1)"],
  ['grant a permission', 'insert into role_has_permissions (permission_id, role_id) values (1, 1)'],
  ['widen an application key', "update api_keys set permissions = '{}'"],
  ['read settings', 'select value from settings'],
];

const onlyPostgres = [
  ['make a table', 'create table public.mine (id int)'],
  ['set a sequence back', "select setval('api_keys_id_seq', 1)"],
];
