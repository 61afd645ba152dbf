import { index, numbered, onlyOn, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const users: Table = {
  name: 'users',
  columns: {
    id: numbered('int unsigned'),
    external_id: optional('varchar(255)'),
    uuid: required('varchar(36)'),
    username: required('varchar(255)'),
    email: required('varchar(255)'),
    password: required('text'),
    remember_token: optional('varchar(255)'),
    language: required('varchar(5)', 'en'),
    ...timestamps,
    is_managed_externally: required('boolean', false),
    timezone: required('varchar(255)', 'UTC'),
    oauth: optional('json'),
    customization: optional('json'),
    mfa_app_secret: optional('text'),
    mfa_app_recovery_codes: optional('text'),
    mfa_email_enabled: required('boolean', false),
  },
  primaryKey: ['id'],
  indexes: [unique('email'), index('external_id'), unique('username'), unique('uuid')],
  foreignKeys: [],
};

const apiKeys: Table = {
  name: 'api_keys',
  columns: {
    id: numbered('int unsigned'),
    user_id: optional('int unsigned'),
    key_type: required('tinyint unsigned', 0),
    identifier: optional('varchar(16)'),
    token: required('text'),
    allowed_ips: required('text'),
    memo: optional('text'),
    last_used_at: optional('timestamp'),
    expires_at: optional('timestamp'),
    ...timestamps,
    // Left over from an early migration that only SQLite carries out in full.
    public: onlyOn(['mysql', 'postgres'], optional('varchar(16)')),
    permissions: optional('json'),
  },
  primaryKey: ['id'],
  indexes: [unique('identifier'), index('user_id')],
  foreignKeys: [
    references('user_id', 'users', 'cascade'),
    // An older key that the panel's migrations fail to drop on PostgreSQL: there a user who has keys cannot
    // simply be deleted.
    { ...references('user_id', 'users', 'no action'), name: 'api_keys_user_foreign', only: ['postgres'] },
  ],
};

/** Pelican's users and their API keys. */
export const people: readonly Table[] = [users, apiKeys];
