import type { PanelTraits } from './panel-traits.ts';

/** Pelican: finds the target before it asks who calls, and never asks for a second factor. */
export const pelicanTraits: PanelTraits = {
  name: 'Pelican',
  prefixes: { account: 'pacc_', application: 'papp_' },
  checks: ['target', 'key', 'json', 'address', 'admin', 'throttle', 'acl', 'input'],
  rateLimit: 256,
  unrestricted: '[]',
  openLists: ['', '[]', '{}', 'null', 'not json'],
  nullAllowedIps: { stored: [], rules: [{ source_field: 'allowed_ips', rule: 'array' }] },
  plaintext: (secret) => secret,
  // SQLite alone lacks the column that an early migration left behind.
  newKeyColumns: (dialect) => ({ permissions: '[]', ...(dialect === 'sqlite' ? {} : { public: null }) }),
  idleActivityColumns: { description: null },
  locationOf: () => null,
  nodeInfoWithoutLocations: ['id', 'uuid', 'name', 'fqdn', 'location'],
};
