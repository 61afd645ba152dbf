import { insertRows } from './insert-rows.ts';
import { pterodactylRow, recordedKeys } from './recorded-keys.ts';
import { created, type NewRow, recordedPorts, times, uuid } from './recorded-rows.ts';
import type { SqlExecutor } from './test-database.ts';

/** What the panel's `.env` held when the answers were recorded, as far as the answers show it. */
export const recordedEnv: Readonly<Record<string, string>> = { APP_API_APPLICATION_RATELIMIT: '100000000' };

/**
 * Fills an empty Pterodactyl with the rows that every recorded request met, as far as the answers show
 * them; what they do not show is made up in the same style.
 *
 * @param encrypt encrypts as the panel does, its serialization of strings included
 */
export async function seedRecordedState(db: SqlExecutor, encrypt: (secret: string) => string): Promise<void> {
  await insertRows(db, 'users', users(encrypt));
  await insertRows(
    db,
    'api_keys',
    recordedKeys.map((key) => pterodactylRow(key, encrypt(key.secret), created)),
  );
  await insertRows(db, 'locations', [{ id: 2001, short: 'conf', long: 'Conformance', ...times }]);
  await insertRows(db, 'nodes', nodes(encrypt));
  // The server needs its port and the ports their server: they are put together once both are there.
  await insertRows(db, 'allocations', recordedPorts);
  await insertRows(db, 'nests', [
    { id: 2001, uuid: uuid(2001), author: 'conf@conf.example', name: 'conf', ...times },
  ]);
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
    name_first: 'Conf',
    name_last: String(id),
    password: 'no password matches this',
    root_admin: id === 1001 || id === 1004 || id === 1006 ? 1 : 0,
    use_totp: id === 1006 ? 1 : 0,
    totp_secret: id === 1006 ? encrypt('CONFCONFCONFCONF') : null,
    totp_authenticated_at: id === 1006 ? created : null,
    ...times,
  }));
}

function nodes(encrypt: (secret: string) => string): NewRow[] {
  return (['a', 'b', 'c'] as const).map((letter, index) => ({
    id: 2001 + index,
    uuid: uuid(2001 + index),
    public: 1,
    name: `conf-${letter}`,
    location_id: 2001,
    fqdn: `conf-${letter}.conf.example`,
    memory: 1024,
    disk: 1024,
    daemon_token_id: `CONFnode0000200${1 + index}`,
    daemon_token: encrypt(`${letter}`.repeat(64)),
    daemonBase: '/x',
    ...times,
  }));
}

const egg: NewRow = {
  id: 2001,
  uuid: uuid(2001),
  nest_id: 2001,
  author: 'conf@conf.example',
  name: 'conf',
  docker_images: '{"conf":"conf.example/conf"}',
  startup: './conf',
  ...times,
};

const server: NewRow = {
  id: 3001,
  uuid: uuid(3001),
  uuidShort: uuid(3001).slice(0, 8),
  node_id: 2001,
  name: 'conf',
  description: '',
  owner_id: 1003,
  memory: 1,
  swap: 0,
  disk: 1,
  io: 500,
  cpu: 0,
  allocation_id: 2900001,
  nest_id: 2001,
  egg_id: 2001,
  startup: './conf',
  image: 'conf.example/conf',
  installed_at: created,
  ...times,
};
