import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const servers: Table = {
  name: 'servers',
  columns: {
    id: numbered('int unsigned'),
    external_id: optional('varchar(191)'),
    uuid: required('char(36)'),
    uuidShort: required('char(8)'),
    node_id: required('int unsigned'),
    name: required('varchar(191)'),
    description: required('text'),
    status: optional('varchar(191)'),
    skip_scripts: required('boolean', false),
    owner_id: required('int unsigned'),
    memory: required('int unsigned'),
    swap: required('int'),
    disk: required('int unsigned'),
    io: required('int unsigned'),
    cpu: required('int unsigned'),
    threads: optional('varchar(191)'),
    oom_disabled: required('tinyint unsigned', 0),
    allocation_id: required('int unsigned'),
    nest_id: required('int unsigned'),
    egg_id: required('int unsigned'),
    startup: required('text'),
    image: required('varchar(191)'),
    allocation_limit: optional('int unsigned'),
    database_limit: optional('int unsigned', 0),
    backup_limit: required('int unsigned', 0),
    ...timestamps,
    installed_at: optional('timestamp'),
  },
  primaryKey: ['id'],
  indexes: [
    unique('allocation_id'),
    index('egg_id'),
    unique('external_id'),
    index('nest_id'),
    index('node_id'),
    index('owner_id'),
    unique('uuidShort'),
    unique('uuid'),
  ],
  foreignKeys: [
    references('allocation_id', 'allocations', 'restrict'),
    references('egg_id', 'eggs', 'restrict'),
    references('nest_id', 'nests', 'restrict'),
    references('node_id', 'nodes', 'restrict'),
    references('owner_id', 'users', 'restrict'),
  ],
};

const serverVariables: Table = {
  name: 'server_variables',
  columns: {
    id: numbered('int unsigned'),
    server_id: optional('int unsigned'),
    variable_id: required('int unsigned'),
    variable_value: required('text'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [index('server_id'), index('variable_id')],
  foreignKeys: [
    references('server_id', 'servers', 'cascade'),
    references('variable_id', 'egg_variables', 'cascade'),
  ],
};

const serverTransfers: Table = {
  name: 'server_transfers',
  columns: {
    id: numbered('int unsigned'),
    server_id: required('int unsigned'),
    successful: optional('boolean'),
    old_node: required('int unsigned'),
    new_node: required('int unsigned'),
    old_allocation: required('int unsigned'),
    new_allocation: required('int unsigned'),
    old_additional_allocations: optional('json'),
    new_additional_allocations: optional('json'),
    archived: required('boolean', false),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [index('server_id')],
  foreignKeys: [references('server_id', 'servers', 'cascade')],
};

/** Pterodactyl's servers, their settings and their moves between nodes. */
export const serversAndMoves: readonly Table[] = [servers, serverVariables, serverTransfers];
