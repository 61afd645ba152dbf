import type { PanelTraits } from './panel-traits.ts';

/** Pterodactyl. */
export const pterodactylTraits: PanelTraits = {
  name: 'Pterodactyl',
  prefixes: { account: 'ptlc_', application: 'ptla_' },
  checks: ['key', 'json', 'twoFactor', 'address', 'throttle', 'target', 'admin', 'acl', 'input'],
  rateLimit: 240,
  unrestricted: null,
  openLists: [null, '', '[]', '{}', 'null', 'not json'],
  nullAllowedIps: { stored: ['[]'], rules: [] },
  plaintext: (secret) => `s:${secret.length}:"${secret}";`,
  newKeyColumns: () => ({
    ...{ r_servers: 0, r_nodes: 0, r_allocations: 0, r_users: 0, r_locations: 0, r_nests: 0 },
    ...{ r_eggs: 0, r_database_hosts: 0, r_server_databases: 0 },
  }),
  idleActivityColumns: { batch: null, description: null },
  locationOf: ({ id }) => ({ id, short: `loc${id}`, long: `Location ${id}` }),
  nodeInfoWithoutLocations: ['id', 'uuid', 'name', 'fqdn'],
};
