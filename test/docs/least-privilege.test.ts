import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pterodactylColumns } from '../../src/panel/pterodactyl/tables.ts';
import { printedStatements } from '../support/least-privilege.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';

/** Columns that the printed grants name, by table. */
function grantedColumns(): Map<string, Set<string>> {
  const granted = new Map<string, Set<string>>();
  const sql = printedStatements().replaceAll(/^\s*--.*$/gm, '');
  for (const [, privileges = '', table = ''] of sql.matchAll(/GRANT ([^;]*?)\sON panel\.(\w+) TO/g)) {
    const lists = [...privileges.matchAll(/\(([^)]*)\)/g)].map(([, list = '']) => list);
    const names = lists.flatMap((list) => list.split(',')).map((name) => name.replaceAll(/[\s`]/g, ''));
    granted.set(table, new Set([...(granted.get(table) ?? []), ...names]));
  }
  return granted;
}

test('the grants name the columns that the service names in its statements, and no others', () => {
  const needed = Object.entries(pterodactylColumns).map(([table, columns]) => [table, new Set(columns)]);
  expect(grantedColumns()).toEqual(new Map(needed as [string, Set<string>][]));
});

describe('with the printed grants the service cannot', () => {
  let panel: PanelDatabase;
  let connection: Connection;

  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', 'mariadb');
    const env = parseEnv(readFileSync(join(panel.folder, '.env'), 'utf8'));
    connection = await createConnection({
      host: env.DB_HOST ?? '',
      port: Number(env.DB_PORT),
      user: env.DB_USERNAME ?? '',
      password: env.DB_PASSWORD ?? '',
      database: env.DB_DATABASE ?? '',
    });
  });

  afterAll(async () => {
    await connection?.end();
    await panel?.drop();
  });

  test.each([
    ['read passwords', 'select password from users'],
    ['read second factors', 'select totp_secret from users'],
    ["read the nodes' tokens", 'select daemon_token from nodes'],
    ['read who did what', 'select event, ip from activity_logs'],
    ['make an admin', 'update users set root_admin = 1'],
    ['add an account', "insert into users (username) values ('x')"],
    ['delete an account', 'delete from users'],
    ['widen an application key', 'update api_keys set r_users = 3'],
    ['add an application key that may do anything', 'insert into api_keys (user_id, r_users) values (1, 3)'],
    ['change a secret', "update api_keys set token = ''"],
    ['change what was recorded', "update activity_logs set ip = '192.0.2.1'"],
    ['record something for an earlier time', "insert into activity_logs (timestamp) values ('2020-01-01')"],
    ['remove what was recorded', 'delete from activity_logs'],
    ['take a port', 'update allocations set server_id = 1'],
    ['change the policy', "update settings set value = '0'"],
    ['drop a table', 'drop table api_keys'],
  ])('%s', async (_what, statement) => {
    await expect(connection.query(statement)).rejects.toThrow(/denied/);
  });
});
