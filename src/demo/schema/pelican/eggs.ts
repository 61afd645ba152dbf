import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const eggs: Table = {
  name: 'eggs',
  columns: {
    id: numbered('int unsigned'),
    uuid: optional('varchar(36)'),
    author: required('varchar(255)'),
    name: required('varchar(255)'),
    description: optional('text'),
    features: optional('json'),
    docker_images: optional('json'),
    file_denylist: optional('json'),
    update_url: optional('text'),
    config_files: optional('text'),
    config_startup: optional('text'),
    config_logs: optional('text'),
    config_stop: optional('varchar(255)'),
    config_from: optional('int unsigned'),
    script_container: required('varchar(255)', 'alpine:3.4'),
    copy_script_from: optional('int unsigned'),
    script_entry: required('varchar(255)', 'ash'),
    script_is_privileged: required('boolean', true),
    script_install: optional('text'),
    ...timestamps,
    force_outgoing_ip: required('boolean', false),
    startup_commands: optional('json'),
    tags: optional('text'),
  },
  primaryKey: ['id'],
  indexes: [index('config_from'), index('copy_script_from'), unique('uuid')],
  foreignKeys: [
    references('config_from', 'eggs', 'set null'),
    references('copy_script_from', 'eggs', 'set null'),
  ],
};

const eggVariables: Table = {
  name: 'egg_variables',
  columns: {
    id: numbered('int unsigned'),
    egg_id: required('int unsigned'),
    name: required('varchar(255)'),
    description: required('text'),
    env_variable: required('varchar(255)'),
    default_value: required('text'),
    user_viewable: required('tinyint unsigned'),
    user_editable: required('tinyint unsigned'),
    rules: required('json'),
    ...timestamps,
    sort: optional('tinyint unsigned'),
  },
  primaryKey: ['id'],
  indexes: [unique('egg_id', 'env_variable'), unique('egg_id', 'name')],
  foreignKeys: [references('egg_id', 'eggs', 'cascade')],
};

/** Pelican's kinds of servers and their settings. */
export const kindsOfServers: readonly Table[] = [eggs, eggVariables];
