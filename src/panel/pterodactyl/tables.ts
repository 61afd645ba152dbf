import type { Generated } from 'kysely';
import type { ApiKeysTable, NodesTable, PanelTables, UsersTable } from '../../database/tables.ts';

/** Pterodactyl's tables, as far as this service reads or writes them. */
export interface PterodactylTables extends Omit<PanelTables, 'users' | 'api_keys' | 'nodes'> {
  users: UsersTable & { root_admin: number; use_totp: number };
  api_keys: ApiKeysTable & AclColumns;
  nodes: NodesTable & PterodactylNodeColumns;
  locations: { id: Generated<number>; short: string; long: string | null };
  servers: { id: Generated<number>; node_id: number; memory: number; disk: number };
  settings: { id: Generated<number>; key: string; value: string };
}

/** One column of bits per resource. */
export interface AclColumns {
  r_servers: number;
  r_nodes: number;
  r_allocations: number;
  r_users: number;
  r_locations: number;
}

/** Columns the panel's own node resource shows, beyond those every panel has. */
export interface PterodactylNodeColumns {
  public: number;
  description: string | null;
  location_id: number;
  scheme: string;
  behind_proxy: number;
  maintenance_mode: number;
  memory: number;
  memory_overallocate: number;
  disk: number;
  disk_overallocate: number;
  upload_size: number;
  daemonListen: number;
  daemonSFTP: number;
  daemonBase: string;
  created_at: string | null;
  updated_at: string | null;
}

/** Every column named in a statement, for the check at the start. */
export const pterodactylColumns: Readonly<Record<keyof PterodactylTables, readonly string[]>> = {
  users: ['id', 'uuid', 'username', 'email', 'root_admin', 'use_totp'],
  api_keys: [
    ...['id', 'user_id', 'key_type', 'identifier', 'token', 'allowed_ips', 'memo'],
    ...['last_used_at', 'expires_at', 'created_at', 'updated_at'],
    ...['r_servers', 'r_nodes', 'r_allocations', 'r_users', 'r_locations'],
  ],
  nodes: [
    ...['id', 'uuid', 'public', 'name', 'description', 'location_id', 'fqdn', 'scheme', 'behind_proxy'],
    ...['maintenance_mode', 'memory', 'memory_overallocate', 'disk', 'disk_overallocate', 'upload_size'],
    ...['daemonListen', 'daemonSFTP', 'daemonBase', 'created_at', 'updated_at'],
  ],
  locations: ['id', 'short', 'long'],
  servers: ['id', 'node_id', 'memory', 'disk'],
  settings: ['key', 'value'],
  allocations: ['id', 'node_id', 'ip', 'ip_alias', 'port', 'server_id', 'notes'],
  activity_logs: ['id', 'event', 'ip', 'actor_type', 'actor_id', 'api_key_id', 'properties', 'timestamp'],
  activity_log_subjects: ['activity_log_id', 'subject_type', 'subject_id'],
};

/** The columns of the rows this service makes; the least-privilege grants hold them too. */
export const pterodactylWrittenColumns: Readonly<Record<string, readonly string[]>> = {
  api_keys: [
    ...['user_id', 'key_type', 'identifier', 'token', 'allowed_ips', 'memo'],
    ...['expires_at', 'created_at', 'updated_at'],
  ],
  activity_logs: ['event', 'ip', 'actor_type', 'actor_id', 'api_key_id', 'properties'],
  activity_log_subjects: ['activity_log_id', 'subject_type', 'subject_id'],
};
