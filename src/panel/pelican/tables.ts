import type { Generated } from 'kysely';
import type {
  ActivityLogsTable,
  ApiKeysTable,
  NodesTable,
  PanelTables,
  UsersTable,
} from '../../database/tables.ts';

/** A yes or no: a number on MySQL and SQLite, a boolean on PostgreSQL. */
type Flag = number | boolean;

/** Pelican's tables, as far as this service reads or writes them. */
export interface PelicanTables extends Omit<PanelTables, 'users' | 'api_keys' | 'nodes' | 'activity_logs'> {
  users: UsersTable;
  api_keys: ApiKeysTable & { permissions: string | null };
  nodes: NodesTable & PelicanNodeColumns;
  activity_logs: Omit<ActivityLogsTable, 'timestamp'> & { timestamp: string };
  servers: { id: Generated<number>; node_id: number; memory: number; disk: number; cpu: number };
  roles: { id: Generated<number>; name: string };
  model_has_roles: { role_id: number; model_type: string; model_id: number };
  model_has_permissions: { model_type: string; model_id: number };
  role_has_permissions: { role_id: number };
}

/** Columns the panel's own node resource shows, beyond those every panel has. */
export interface PelicanNodeColumns {
  public: number;
  description: string | null;
  scheme: string;
  behind_proxy: Flag;
  maintenance_mode: Flag;
  memory: number;
  memory_overallocate: number;
  disk: number;
  disk_overallocate: number;
  cpu: number;
  cpu_overallocate: number;
  upload_size: number;
  daemon_listen: number;
  daemon_sftp: number;
  daemon_sftp_alias: string | null;
  daemon_base: string;
  daemon_connect: number;
  tags: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** Every column named in a statement, for the check at the start. */
export const pelicanColumns: Readonly<Record<keyof PelicanTables, readonly string[]>> = {
  users: ['id', 'uuid', 'username', 'email'],
  api_keys: [
    ...['id', 'user_id', 'key_type', 'identifier', 'token', 'allowed_ips', 'memo', 'permissions'],
    ...['last_used_at', 'expires_at', 'created_at', 'updated_at'],
  ],
  nodes: [
    ...['id', 'uuid', 'public', 'name', 'description', 'fqdn', 'scheme', 'behind_proxy', 'maintenance_mode'],
    ...['memory', 'memory_overallocate', 'disk', 'disk_overallocate', 'cpu', 'cpu_overallocate'],
    ...['upload_size', 'daemon_listen', 'daemon_sftp', 'daemon_sftp_alias', 'daemon_base', 'daemon_connect'],
    ...['tags', 'created_at', 'updated_at'],
  ],
  servers: ['id', 'node_id', 'memory', 'disk', 'cpu'],
  roles: ['id', 'name'],
  model_has_roles: ['role_id', 'model_type', 'model_id'],
  model_has_permissions: ['model_type', 'model_id'],
  role_has_permissions: ['role_id'],
  allocations: ['id', 'node_id', 'ip', 'ip_alias', 'port', 'server_id', 'notes'],
  activity_logs: ['id', 'event', 'ip', 'actor_type', 'actor_id', 'api_key_id', 'properties', 'timestamp'],
  activity_log_subjects: ['activity_log_id', 'subject_type', 'subject_id'],
};

/** The columns of the rows this service makes; the least-privilege grants hold them too. */
export const pelicanWrittenColumns: Readonly<Record<string, readonly string[]>> = {
  api_keys: [
    ...['user_id', 'key_type', 'identifier', 'token', 'allowed_ips', 'memo', 'permissions'],
    ...['expires_at', 'created_at', 'updated_at'],
  ],
  activity_logs: ['event', 'ip', 'actor_type', 'actor_id', 'api_key_id', 'properties', 'timestamp'],
  activity_log_subjects: ['activity_log_id', 'subject_type', 'subject_id'],
};
