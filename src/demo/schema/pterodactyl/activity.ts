import { index, numbered, optional, references, required, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const activityLogs: Table = {
  name: 'activity_logs',
  columns: {
    id: numbered('bigint unsigned'),
    batch: optional('char(36)'),
    event: required('varchar(191)'),
    ip: required('varchar(191)'),
    description: optional('text'),
    actor_type: optional('varchar(191)'),
    actor_id: optional('bigint unsigned'),
    api_key_id: optional('int unsigned'),
    properties: required('json'),
    timestamp: required('timestamp', { now: true }),
  },
  primaryKey: ['id'],
  indexes: [index('actor_type', 'actor_id'), index('event')],
  foreignKeys: [],
};

const activityLogSubjects: Table = {
  name: 'activity_log_subjects',
  columns: {
    id: numbered('bigint unsigned'),
    activity_log_id: required('bigint unsigned'),
    subject_type: required('varchar(191)'),
    subject_id: required('bigint unsigned'),
  },
  primaryKey: ['id'],
  indexes: [index('activity_log_id'), index('subject_type', 'subject_id')],
  foreignKeys: [references('activity_log_id', 'activity_logs', 'cascade')],
};

const settings: Table = {
  name: 'settings',
  columns: {
    id: numbered('int unsigned'),
    key: required('varchar(191)'),
    value: required('text'),
  },
  primaryKey: ['id'],
  indexes: [unique('key')],
  foreignKeys: [],
};

/** Pterodactyl's record of what was done, and its settings. */
export const activity: readonly Table[] = [activityLogs, activityLogSubjects, settings];
