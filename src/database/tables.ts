import type { Generated } from 'kysely';

/**
 * The columns that every supported panel has, under the names and meanings they share. Timestamps are the
 * literal text of the column (`YYYY-MM-DD HH:MM:SS`); only the panel's clock turns them into instants.
 * A panel's own columns stand in that panel's folder.
 */
export interface PanelTables {
  users: UsersTable;
  api_keys: ApiKeysTable;
  nodes: NodesTable;
  allocations: AllocationsTable;
  activity_logs: ActivityLogsTable;
  activity_log_subjects: ActivityLogSubjectsTable;
}

/** A panel account. */
export interface UsersTable {
  id: Generated<number>;
  uuid: string;
  username: string;
  email: string;
}

/** An API key; `memo` is what the API calls its description. */
export interface ApiKeysTable {
  id: Generated<number>;
  user_id: number;
  key_type: number;
  identifier: string | null;
  token: string;
  allowed_ips: string | null;
  memo: string | null;
  last_used_at: string | null;
  expires_at: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** A machine that runs game servers. */
export interface NodesTable {
  id: Generated<number>;
  uuid: string | null;
  name: string;
  fqdn: string;
}

/** An address and port of a node; free while `server_id` is null. */
export interface AllocationsTable {
  id: Generated<number>;
  node_id: number;
  ip: string;
  ip_alias: string | null;
  port: number;
  server_id: number | null;
  notes: string | null;
}

/** One row of the panel's activity log. */
export interface ActivityLogsTable {
  id: Generated<number>;
  event: string;
  ip: string;
  actor_type: string | null;
  actor_id: number | null;
  api_key_id: number | null;
  properties: string;
  timestamp: Generated<string>;
}

/** What an activity row is about; rows with a user as subject show on that user's activity page. */
export interface ActivityLogSubjectsTable {
  id: Generated<number>;
  activity_log_id: number;
  subject_type: string;
  subject_id: number;
}
