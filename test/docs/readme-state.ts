import { insertRows } from '../support/insert-rows.ts';
import { pterodactylTraits as traits } from '../support/pterodactyl-traits.ts';
import { sealed } from '../support/seed.ts';
import type { SqlExecutor } from '../support/test-database.ts';

const times = { created_at: '2026-10-05 09:30:00', updated_at: '2026-10-05 09:30:00' };

/** The key that the README's commands send. */
export const readmeKey = `ptla_Readme00001${'0123456789abcdef'.repeat(2)}`;

/** Fills an empty panel so that the README's commands answer what the README says. */
export async function seedReadmeState(db: SqlExecutor): Promise<void> {
  await insertRows(db, 'users', [user(1, 'operator', 1), user(7, 'customer', 0)]);
  await insertRows(db, 'api_keys', [
    {
      ...{
        user_id: 1,
        key_type: 2,
        identifier: readmeKey.slice(0, 16),
        token: sealed(traits, readmeKey.slice(16)),
      },
      ...{ memo: 'billing', allowed_ips: null },
      ...{ r_users: 3, r_allocations: 1, r_nodes: 1, r_locations: 1, ...times },
    },
    {
      ...{ user_id: 7, key_type: 1, identifier: 'ptlc_Zx81kQ0aWm2', token: sealed(traits, '0'.repeat(32)) },
      ...{ memo: 'mobile app', allowed_ips: '[]' },
      ...{ r_users: 0, r_allocations: 0, r_nodes: 0, r_locations: 0, ...times },
    },
  ]);
  await insertRows(db, 'locations', [{ id: 1, short: 'fra', long: 'Frankfurt', ...times }]);
  await insertRows(db, 'nodes', [
    {
      ...{ id: 3, uuid: '6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e', name: 'fra-1', location_id: 1 },
      ...{ fqdn: 'fra-1.example.com', memory: 1024, disk: 1024, daemonBase: '/x', public: 1 },
      ...{ daemon_token_id: 'readme', daemon_token: 'none', ...times },
    },
  ]);
  await insertRows(db, 'allocations', [
    port(41, 25570, null),
    port(42, 25571, 'play.example.com'),
    port(43, 25572, null),
  ]);
}

function user(id: number, username: string, admin: 0 | 1) {
  return {
    ...{ id, uuid: `00000000-0000-4000-9000-00000000000${id}`, username, email: `${username}@example.com` },
    ...{ password: 'matches nothing', root_admin: admin, use_totp: 0, ...times },
  };
}

function port(id: number, number: number, alias: string | null) {
  return { id, node_id: 3, ip: '203.0.113.4', port: number, ip_alias: alias, notes: null, ...times };
}
