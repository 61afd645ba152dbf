import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const users: Table = {
  name: 'users',
  columns: {
    id: numbered('int unsigned'),
    external_id: optional('varchar(191)'),
    uuid: required('char(36)'),
    username: required('varchar(191)'),
    email: required('varchar(191)'),
    name_first: optional('varchar(191)'),
    name_last: optional('varchar(191)'),
    password: required('text'),
    remember_token: optional('varchar(191)'),
    language: required('char(5)', 'en'),
    root_admin: required('tinyint unsigned', 0),
    use_totp: required('tinyint unsigned'),
    totp_secret: optional('text'),
    totp_authenticated_at: optional('timestamp'),
    gravatar: required('boolean', true),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('email'), index('external_id'), unique('username'), unique('uuid')],
  foreignKeys: [],
};

const recoveryTokens: Table = {
  name: 'recovery_tokens',
  columns: {
    id: numbered('bigint unsigned'),
    user_id: required('int unsigned'),
    token: required('varchar(191)'),
    created_at: optional('timestamp'),
  },
  primaryKey: ['id'],
  indexes: [index('user_id')],
  foreignKeys: [references('user_id', 'users', 'cascade')],
};

const apiKeys: Table = {
  name: 'api_keys',
  columns: {
    id: numbered('int unsigned'),
    user_id: required('int unsigned'),
    key_type: required('tinyint unsigned', 0),
    identifier: optional('char(16)'),
    token: required('text'),
    allowed_ips: optional('text'),
    memo: optional('text'),
    last_used_at: optional('timestamp'),
    expires_at: optional('timestamp'),
    ...timestamps,
    r_servers: required('tinyint unsigned', 0),
    r_nodes: required('tinyint unsigned', 0),
    r_allocations: required('tinyint unsigned', 0),
    r_users: required('tinyint unsigned', 0),
    r_locations: required('tinyint unsigned', 0),
    r_nests: required('tinyint unsigned', 0),
    r_eggs: required('tinyint unsigned', 0),
    r_database_hosts: required('tinyint unsigned', 0),
    r_server_databases: required('tinyint unsigned', 0),
  },
  primaryKey: ['id'],
  indexes: [unique('identifier'), index('user_id')],
  foreignKeys: [references('user_id', 'users', 'cascade')],
};

/** Pterodactyl's users and the ways they prove who they are. */
export const people: readonly Table[] = [users, recoveryTokens, apiKeys];
