import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { createTableStatements } from '../../src/demo/schema/ddl.ts';
import { pelicanTables } from '../../src/demo/schema/pelican.ts';
import { pterodactylTables } from '../../src/demo/schema/pterodactyl.ts';
import type { Table } from '../../src/demo/schema/types.ts';
import { createMysqlDatabase } from './mysql-database.ts';
import {
  mariadbForeignKeys,
  mariadbIndexes,
  mariadbTable,
  sqliteForeignKeys,
  sqliteIndexes,
  sqliteTable,
} from './schema-facts.ts';
import { createSqliteDatabase } from './sqlite-database.ts';
import type { TestDatabase } from './test-database.ts';

const panels = { pterodactyl: pterodactylTables, pelican: pelicanTables };
let db: TestDatabase;

async function create(tables: readonly Table[], prefix = ''): Promise<void> {
  for (const sql of createTableStatements(tables, db.dialect, prefix)) await db.execute(sql);
}

describe('on MariaDB', () => {
  beforeEach(async () => {
    db = await createMysqlDatabase(inject('mariadb'));
  });

  afterEach(() => db.drop());

  test("Pterodactyl's keys, ports and activity have the panel's columns", async () => {
    await create(panels.pterodactyl);

    expect(await mariadbTable(db, 'api_keys')).toEqual([
      'id int(10) unsigned NO - auto_increment',
      'user_id int(10) unsigned NO -',
      'key_type tinyint(3) unsigned NO 0',
      'identifier char(16) YES NULL',
      'token text NO -',
      'allowed_ips text YES NULL',
      'memo text YES NULL',
      'last_used_at timestamp YES NULL',
      'expires_at timestamp YES NULL',
      'created_at timestamp YES NULL',
      'updated_at timestamp YES NULL',
      'r_servers tinyint(3) unsigned NO 0',
      'r_nodes tinyint(3) unsigned NO 0',
      'r_allocations tinyint(3) unsigned NO 0',
      'r_users tinyint(3) unsigned NO 0',
      'r_locations tinyint(3) unsigned NO 0',
      'r_nests tinyint(3) unsigned NO 0',
      'r_eggs tinyint(3) unsigned NO 0',
      'r_database_hosts tinyint(3) unsigned NO 0',
      'r_server_databases tinyint(3) unsigned NO 0',
    ]);
    expect(await mariadbTable(db, 'allocations')).toEqual([
      'id int(10) unsigned NO - auto_increment',
      'node_id int(10) unsigned NO -',
      'ip varchar(191) NO -',
      'ip_alias text YES NULL',
      'port mediumint(8) unsigned NO -',
      'server_id int(10) unsigned YES NULL',
      'notes varchar(191) YES NULL',
      'created_at timestamp YES NULL',
      'updated_at timestamp YES NULL',
    ]);
    expect(await mariadbTable(db, 'activity_logs')).toEqual([
      'id bigint(20) unsigned NO - auto_increment',
      'batch char(36) YES NULL',
      'event varchar(191) NO -',
      'ip varchar(191) NO -',
      'description text YES NULL',
      'actor_type varchar(191) YES NULL',
      'actor_id bigint(20) unsigned YES NULL',
      'api_key_id int(10) unsigned YES NULL',
      'properties longtext NO -',
      'timestamp timestamp NO current_timestamp()',
    ]);
  });

  test("Pelican's keys and activity have the panel's columns", async () => {
    await create(panels.pelican);

    expect(await mariadbTable(db, 'api_keys')).toEqual([
      'id int(10) unsigned NO - auto_increment',
      'user_id int(10) unsigned YES NULL',
      'key_type tinyint(3) unsigned NO 0',
      'identifier varchar(16) YES NULL',
      'token text NO -',
      'allowed_ips text NO -',
      'memo text YES NULL',
      'last_used_at timestamp YES NULL',
      'expires_at timestamp YES NULL',
      'created_at timestamp YES NULL',
      'updated_at timestamp YES NULL',
      'public varchar(16) YES NULL',
      'permissions longtext YES NULL',
    ]);
    expect((await mariadbTable(db, 'activity_logs')).at(-1)).toBe('timestamp timestamp NO -');
  });

  test("the panels' indexes and foreign keys are there", async () => {
    await create(panels.pterodactyl);

    expect(await mariadbIndexes(db, 'servers')).toEqual([
      'PRIMARY(id)',
      'egg_id',
      'nest_id',
      'node_id',
      'owner_id',
      'unique allocation_id',
      'unique external_id',
      'unique uuid',
      'unique uuidShort',
    ]);
    expect(await mariadbIndexes(db, 'allocations')).toEqual([
      'PRIMARY(id)',
      'server_id',
      'unique node_id,ip,port',
    ]);
    expect(await mariadbForeignKeys(db)).toEqual([
      'activity_log_subjects.activity_log_id -> activity_logs CASCADE',
      'allocations.node_id -> nodes CASCADE',
      'allocations.server_id -> servers SET NULL',
      'api_keys.user_id -> users CASCADE',
      'egg_variables.egg_id -> eggs CASCADE',
      'eggs.config_from -> eggs SET NULL',
      'eggs.copy_script_from -> eggs SET NULL',
      'eggs.nest_id -> nests CASCADE',
      'nodes.location_id -> locations RESTRICT',
      'recovery_tokens.user_id -> users CASCADE',
      'server_transfers.server_id -> servers CASCADE',
      'server_variables.server_id -> servers CASCADE',
      'server_variables.variable_id -> egg_variables CASCADE',
      'servers.allocation_id -> allocations RESTRICT',
      'servers.egg_id -> eggs RESTRICT',
      'servers.nest_id -> nests RESTRICT',
      'servers.node_id -> nodes RESTRICT',
      'servers.owner_id -> users RESTRICT',
    ]);
  });

  test('JSON columns refuse what is no JSON', async () => {
    await create(panels.pelican);
    const insert = "insert into activity_logs (event, ip, properties, timestamp) values ('e', 'i', ?, now())";

    expect(await db.execute(insert, ['{"a":1}'])).toBe(1);
    await expect(db.execute(insert, ['no json'])).rejects.toThrow(
      'CONSTRAINT `activity_logs.properties` failed',
    );
  });

  test('identifiers that differ in case only are the same, and texts take every character', async () => {
    await create(panels.pterodactyl);
    await db.execute(
      "insert into users (id, uuid, username, email, password, use_totp) values (1, '', '', '', '', 0)",
    );
    const insert = 'insert into api_keys (user_id, identifier, token, memo) values (1, ?, ?, ?)';

    await db.execute(insert, ['ptlc_abcdefghijk', '', 'Café ☕ 🔑']);
    expect(await db.query('select memo from api_keys')).toEqual([{ memo: 'Café ☕ 🔑' }]);
    await expect(db.execute(insert, ['ptlc_ABCDEFGHIJK', '', ''])).rejects.toThrow('Duplicate entry');
  });
});

describe('on SQLite', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-schema-'));
    db = createSqliteDatabase(join(folder, 'database.sqlite'));
  });

  afterEach(async () => {
    await db.drop();
    rmSync(folder, { recursive: true });
  });

  test("Pelican's keys and ports have the panel's columns, the leftover one excepted", async () => {
    await create(panels.pelican);

    expect(await sqliteTable(db, 'api_keys')).toEqual([
      'id INTEGER not null key',
      'user_id INTEGER null',
      'key_type INTEGER not null default 0',
      'identifier varchar null',
      'token TEXT not null',
      'allowed_ips TEXT not null',
      'memo TEXT null',
      'last_used_at datetime null',
      'expires_at datetime null',
      'created_at datetime null',
      'updated_at datetime null',
      'permissions TEXT null',
    ]);
    expect(await sqliteTable(db, 'allocations')).toEqual([
      'id INTEGER not null key',
      'node_id INTEGER not null',
      'ip varchar not null',
      'ip_alias TEXT null',
      'port INTEGER not null',
      'server_id INTEGER null',
      'notes varchar null',
      'created_at datetime null',
      'updated_at datetime null',
      'show_port tinyint(1) not null default 1',
      'is_locked tinyint(1) not null default 0',
    ]);
  });

  test("the panels' indexes and foreign keys are there", async () => {
    await create(panels.pelican);

    expect(await sqliteIndexes(db, 'api_keys')).toEqual(['unique identifier', 'user_id']);
    expect(await sqliteIndexes(db, 'allocations')).toEqual(['server_id', 'unique node_id,ip,port']);
    expect(await sqliteIndexes(db, 'settings')).toEqual([]);
    expect(await sqliteForeignKeys(db, 'api_keys')).toEqual(['user_id -> users CASCADE']);
    expect(await sqliteForeignKeys(db, 'servers')).toEqual([
      'allocation_id -> allocations SET NULL',
      'egg_id -> eggs RESTRICT',
      'node_id -> nodes RESTRICT',
      'owner_id -> users RESTRICT',
    ]);
  });

  test('a prefix stands before every name, and the foreign keys follow it', async () => {
    await create(panels.pterodactyl, 'p_');

    const names = await db.query("select name from sqlite_master where name not like 'sqlite_%'");
    expect(names.filter(({ name }) => !String(name).startsWith('p_'))).toEqual([]);
    expect(await sqliteForeignKeys(db, 'p_api_keys')).toEqual(['user_id -> p_users CASCADE']);
    await expect(
      db.execute("insert into p_api_keys (user_id, token) values (1, 'no such user')"),
    ).rejects.toThrow('FOREIGN KEY constraint failed');
  });
});

describe.each(['mariadb', 'sqlite'] as const)('on %s', (on) => {
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-schema-'));
    db =
      on === 'mariadb'
        ? await createMysqlDatabase(inject('mariadb'))
        : createSqliteDatabase(join(folder, 'database.sqlite'));
    await create(panels.pelican);
  });

  afterEach(async () => {
    await db.drop();
    rmSync(folder, { recursive: true });
  });

  test("what Pelican's database rejects is rejected", async () => {
    await db.execute("insert into users (id, uuid, username, email, password) values (1, 'u', 'n', 'e', '')");
    const withoutIps = "insert into api_keys (user_id, identifier, token) values (1, 'i', '')";
    const withoutTime = "insert into activity_logs (event, ip, properties) values ('e', 'i', '[]')";
    const strange = "insert into api_keys (user_id, token, allowed_ips) values (2, '', '[]')";

    await expect(db.execute(withoutIps)).rejects.toThrow('allowed_ips');
    await expect(db.execute(withoutTime)).rejects.toThrow('timestamp');
    await expect(db.execute(strange)).rejects.toThrow(/foreign key/i);
  });

  test('a deleted row takes along, frees or keeps what points to it', async () => {
    await db.execute("insert into users (id, uuid, username, email, password) values (1, 'u', 'n', 'e', '')");
    await db.execute(
      "insert into api_keys (user_id, identifier, token, allowed_ips) values (1, 'i', '', '[]')",
    );
    await db.execute(
      `insert into nodes (id, uuid, public, name, fqdn, memory, disk, daemon_token, daemon_base)
       values (1, 'n', 1, '', '', 1, 1, '', '')`,
    );
    await db.execute("insert into eggs (id, author, name) values (1, '', '')");
    await db.execute("insert into allocations (id, node_id, ip, port) values (1, 1, '10.0.0.1', 1)");
    await db.execute(
      `insert into servers (id, uuid, uuid_short, node_id, name, owner_id, memory, swap, disk, io, cpu,
         allocation_id, egg_id, startup, image) values (1, 's', 's', 1, '', 1, 1, 0, 1, 1, 1, 1, 1, '', '')`,
    );
    await db.execute('update allocations set server_id = 1');

    await expect(db.execute('delete from users')).rejects.toThrow(/foreign key/i);
    await db.execute('delete from servers');
    expect(await db.query('select server_id from allocations')).toEqual([{ server_id: null }]);
    await db.execute('delete from users');
    expect(await db.query('select id from api_keys')).toEqual([]);
  });
});

describe('for PostgreSQL', () => {
  const statements = createTableStatements(panels.pelican, 'postgres', '');

  test("Pelican's keys have the panel's types, and the second foreign key of that database", () => {
    expect(
      statements.find((sql) => sql.startsWith('create table "api_keys"')),
    ).toBe(`create table "api_keys" (
  "id" serial not null,
  "user_id" integer null,
  "key_type" smallint not null default 0,
  "identifier" varchar(16) null,
  "token" text not null,
  "allowed_ips" text not null,
  "memo" text null,
  "last_used_at" timestamp(0) without time zone null,
  "expires_at" timestamp(0) without time zone null,
  "created_at" timestamp(0) without time zone null,
  "updated_at" timestamp(0) without time zone null,
  "public" varchar(16) null,
  "permissions" json null,
  primary key ("id"),
  constraint "api_keys_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade,
  constraint "api_keys_user_foreign" foreign key ("user_id") references "users" ("id") on delete no action
)`);
  });

  test('flags are booleans where the panel has them so, and the circle of keys is closed at the end', () => {
    const allocations = statements.find((sql) => sql.startsWith('create table "allocations"'));
    expect(allocations).toContain('"port" integer not null,');
    expect(allocations).toContain('"show_port" boolean not null default true,');
    expect(statements.at(-1)).toBe(
      'alter table "servers" add constraint "servers_allocation_id_foreign"' +
        ' foreign key ("allocation_id") references "allocations" ("id") on delete set null',
    );
  });
});
