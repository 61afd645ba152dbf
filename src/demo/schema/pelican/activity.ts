import { index, numbered, optional, references, required } from '../columns.ts';
import type { Table } from '../types.ts';

const activityLogs: Table = {
  name: 'activity_logs',
  columns: {
    id: numbered('bigint unsigned'),
    event: required('varchar(255)'),
    ip: required('varchar(255)'),
    description: optional('text'),
    actor_type: optional('varchar(255)'),
    actor_id: optional('bigint unsigned'),
    api_key_id: optional('int unsigned'),
    properties: required('json'),
    // Without a default on purpose: the panel writes it itself.
    timestamp: required('timestamp'),
  },
  primaryKey: ['id'],
  indexes: [index('actor_type', 'actor_id'), index('event'), index('timestamp')],
  foreignKeys: [],
};

const activityLogSubjects: Table = {
  name: 'activity_log_subjects',
  columns: {
    id: numbered('bigint unsigned'),
    activity_log_id: required('bigint unsigned'),
    subject_type: required('varchar(255)'),
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
    key: required('varchar(255)'),
    value: required('text'),
  },
  primaryKey: ['id'],
  indexes: [],
  foreignKeys: [],
};

/** Pelican's record of what was done, and its settings. */
export const activity: readonly Table[] = [activityLogs, activityLogSubjects, settings];
