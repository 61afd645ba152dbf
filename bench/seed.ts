import { insertRows } from '../test/support/insert-rows.ts';
import type { SqlExecutor, SqlValue } from '../test/support/test-database.ts';

type NewRow = Record<string, SqlValue>;

const created = '2026-01-02 03:04:05';
const times = { created_at: created, updated_at: created };

/** Row ids of all users, as many as a panel of some size has: a database reads a small table in other ways. */
const userIds = Array.from({ length: 2_000 }, (_, index) => 1001 + index);
/** Users whose keys are listed in turn, so that a shared round trip has to fetch different rows. */
const listedUsers = userIds.slice(0, 64);
/** Of at most five by default. */
const keysPerUser = 2;
const portsOnNode = 100_000;
/** One port in so many belongs to a server. */
const assignedEvery = 10;
const rowsPerInsert = 5_000;

/** The application key that every request of the measurement sends. */
export const benchToken = { identifier: 'ptla_benchmark00', secret: 'benchmarkSecret0123456789abcdefg' };

/** The paths that each measurement asks for in turn. */
export const benchPaths = {
  list: listedUsers.map((id) => `/api/application/users/${id}/api-keys`),
  free: ['/api/application/nodes/1/allocations/free'],
} as const;

/**
 * Fills an empty Pterodactyl: an admin with the key above, 2,000 users with two keys each, and a node with
 * 100,000 ports, a tenth of them in use.
 *
 * @param encrypt encrypts as the panel does, its serialization of strings included
 */
export async function seedBenchState(db: SqlExecutor, encrypt: (secret: string) => string): Promise<void> {
  await insertRows(
    db,
    'users',
    [1, ...userIds].map((id) => user(id)),
  );
  const secret = encrypt('k'.repeat(32));
  await insertRows(db, 'api_keys', [
    applicationKey(encrypt(benchToken.secret)),
    ...userIds.flatMap((userId) => accountKeys(userId, secret)),
  ]);
  await insertRows(db, 'locations', [{ id: 1, short: 'fra', long: 'Frankfurt', ...times }]);
  await insertRows(db, 'nodes', [node]);
  await seedServer(db);
  await seedPorts(db);
}

function user(id: number): NewRow {
  return {
    id,
    uuid: `00000000-0000-4000-9000-00000000${String(id).padStart(4, '0')}`,
    username: `user${id}`,
    email: `user${id}@example.com`,
    name_first: 'User',
    name_last: String(id),
    password: 'no password matches this',
    root_admin: id === 1 ? 1 : 0,
    use_totp: 0,
    ...times,
  };
}

function applicationKey(token: string): NewRow {
  return {
    ...{ user_id: 1, key_type: 2, identifier: benchToken.identifier, token, memo: 'billing' },
    ...{ allowed_ips: null, r_users: 3, r_allocations: 3, r_nodes: 3, r_locations: 3, ...times },
  };
}

function accountKeys(userId: number, token: string): NewRow[] {
  return Array.from({ length: keysPerUser }, (_, index) => ({
    ...{ user_id: userId, key_type: 1, identifier: `ptlc_bench${userId}0${index}`, token },
    memo: `key ${index} of a customer`,
    allowed_ips: '["198.51.100.7","10.0.0.0\\/8"]',
    ...{ r_users: 0, r_allocations: 0, r_nodes: 0, r_locations: 0, ...times },
  }));
}

const node: NewRow = {
  ...{ id: 1, uuid: '00000000-0000-4000-9000-100000000001', public: 1, name: 'fra-1', location_id: 1 },
  ...{ fqdn: 'fra-1.example.com', memory: 1_000_000, disk: 1_000_000, daemon_token_id: 'benchmarknode001' },
  ...{ daemon_token: 'none', daemonBase: '/var/lib/pterodactyl/volumes', ...times },
};

/** One server that holds all ports in use. It needs one to be made, which is one of another address. */
async function seedServer(db: SqlExecutor): Promise<void> {
  const uuid = '00000000-0000-4000-9000-200000000001';
  await insertRows(db, 'allocations', [{ id: 1, node_id: 1, ip: '203.0.113.1', port: 25565, ...times }]);
  await insertRows(db, 'nests', [{ id: 1, uuid, author: 'bench@example.com', name: 'bench', ...times }]);
  await insertRows(db, 'eggs', [
    { id: 1, uuid, nest_id: 1, author: 'bench@example.com', name: 'bench', startup: './bench', ...times },
  ]);
  await insertRows(db, 'servers', [
    {
      ...{
        id: 1,
        uuid,
        uuidShort: uuid.slice(0, 8),
        node_id: 1,
        name: 'bench',
        description: '',
        owner_id: 1001,
      },
      ...{ memory: 1024, swap: 0, disk: 1024, io: 500, cpu: 0, allocation_id: 1, nest_id: 1, egg_id: 1 },
      ...{ startup: './bench', image: 'bench', ...times },
    },
  ]);
  await db.execute('update allocations set server_id = 1 where id = 1');
}

async function seedPorts(db: SqlExecutor): Promise<void> {
  for (let first = 1; first < portsOnNode; first += rowsPerInsert) {
    const length = Math.min(rowsPerInsert, portsOnNode - first);
    await insertRows(
      db,
      'allocations',
      Array.from({ length }, (_, index) => port(first + index)),
    );
  }
}

/** 1,000 ports on each of 100 addresses. */
function port(index: number): NewRow {
  return {
    node_id: 1,
    ip: `10.0.0.${Math.floor(index / 1000) + 1}`,
    port: 30_000 + (index % 1000),
    server_id: index % assignedEvery === 0 ? 1 : null,
    ...times,
  };
}
