import { insertRows } from './insert-rows.ts';
import { pelicanRow, recordedKeys } from './recorded-keys.ts';
import { created, type NewRow, recordedPorts, times, uuid } from './recorded-rows.ts';
import type { SqlExecutor } from './test-database.ts';

/**
 * Fills an empty Pelican with the rows that every recorded request met, as far as the answers show them; what
 * they do not show is made up in the same style.
 *
 * @param encrypt encrypts as the panel does: the text as it is
 */
export async function seedRecordedPelican(
  db: SqlExecutor,
  encrypt: (secret: string) => string,
): Promise<void> {
  await insertRows(db, 'users', users(encrypt));
  await insertRows(db, 'roles', [{ id: 2001, name: 'Root Admin', guard_name: 'web', ...times }]);
  await insertRows(db, 'model_has_roles', rootAdmins);
  await insertRows(
    db,
    'api_keys',
    recordedKeys.map((key) => pelicanRow(key, encrypt(key.secret), created)),
  );
  await insertRows(db, 'nodes', nodes(encrypt));
  // The server needs its port and the ports their server: they are put together once both are there.
  await insertRows(db, 'allocations', recordedPorts);
  await insertRows(db, 'eggs', [egg]);
  await insertRows(db, 'servers', [server]);
  await db.execute('update allocations set server_id = 3001 where id in (2900001, 2900004)');
}

function users(encrypt: (secret: string) => string): NewRow[] {
  return [1001, 1002, 1003, 1004, 1005, 1006].map((id) => ({
    id,
    uuid: uuid(id),
    username: `conf${id}`,
    email: `conf${id}@conf.example`,
    password: 'no password matches this',
    mfa_app_secret: id === 1006 ? encrypt('CONFCONFCONFCONF') : null,
    ...times,
  }));
}

const rootAdmins: readonly NewRow[] = [1001, 1004, 1006].map((id) => ({
  role_id: 2001,
  model_type: 'user',
  model_id: id,
}));

function nodes(encrypt: (secret: string) => string): NewRow[] {
  return (['a', 'b', 'c'] as const).map((letter, index) => ({
    id: 2001 + index,
    uuid: uuid(2001 + index),
    public: 1,
    name: `conf-${letter}`,
    fqdn: `conf-${letter}.conf.example`,
    memory: 1024,
    disk: 1024,
    daemon_token_id: `CONFnode0000200${1 + index}`,
    daemon_token: encrypt(`${letter}`.repeat(64)),
    daemon_base: '/x',
    tags: '[]',
    ...times,
  }));
}

const egg: NewRow = {
  id: 2001,
  uuid: uuid(2001),
  author: 'conf@conf.example',
  name: 'conf',
  docker_images: '{"conf":"conf.example/conf"}',
  startup_commands: '{"Default":"./conf"}',
  ...times,
};

const server: NewRow = {
  id: 3001,
  uuid: uuid(3001),
  uuid_short: uuid(3001).slice(0, 8),
  node_id: 2001,
  name: 'conf',
  owner_id: 1003,
  memory: 1,
  swap: 0,
  disk: 1,
  io: 500,
  cpu: 0,
  allocation_id: 2900001,
  egg_id: 2001,
  startup: './conf',
  image: 'conf.example/conf',
  installed_at: created,
  ...times,
};
