import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const nests: Table = {
  name: 'nests',
  columns: {
    id: numbered('int unsigned'),
    uuid: required('char(36)'),
    author: required('char(191)'),
    name: required('varchar(191)'),
    description: optional('text'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('uuid')],
  foreignKeys: [],
};

const eggs: Table = {
  name: 'eggs',
  columns: {
    id: numbered('int unsigned'),
    uuid: required('char(36)'),
    nest_id: required('int unsigned'),
    author: required('varchar(191)'),
    name: required('varchar(191)'),
    description: optional('text'),
    features: optional('json'),
    docker_images: optional('json'),
    file_denylist: optional('json'),
    update_url: optional('text'),
    config_files: optional('text'),
    config_startup: optional('text'),
    config_logs: optional('text'),
    config_stop: optional('varchar(191)'),
    config_from: optional('int unsigned'),
    startup: optional('text'),
    script_container: required('varchar(191)', 'alpine:3.4'),
    copy_script_from: optional('int unsigned'),
    script_entry: required('varchar(191)', 'ash'),
    script_is_privileged: required('boolean', true),
    script_install: optional('text'),
    ...timestamps,
    force_outgoing_ip: required('boolean', false),
  },
  primaryKey: ['id'],
  indexes: [index('config_from'), index('copy_script_from'), index('nest_id'), unique('uuid')],
  foreignKeys: [
    references('config_from', 'eggs', 'set null'),
    references('copy_script_from', 'eggs', 'set null'),
    references('nest_id', 'nests', 'cascade'),
  ],
};

const eggVariables: Table = {
  name: 'egg_variables',
  columns: {
    id: numbered('int unsigned'),
    egg_id: required('int unsigned'),
    name: required('varchar(191)'),
    description: required('text'),
    env_variable: required('varchar(191)'),
    default_value: required('text'),
    user_viewable: required('tinyint unsigned'),
    user_editable: required('tinyint unsigned'),
    rules: optional('text'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [index('egg_id')],
  foreignKeys: [references('egg_id', 'eggs', 'cascade')],
};

/** Pterodactyl's kinds of servers and their settings. */
export const kindsOfServers: readonly Table[] = [nests, eggs, eggVariables];
