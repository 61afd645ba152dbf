import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const locations: Table = {
  name: 'locations',
  columns: {
    id: numbered('int unsigned'),
    short: required('varchar(191)'),
    long: optional('text'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('short')],
  foreignKeys: [],
};

const nodes: Table = {
  name: 'nodes',
  columns: {
    id: numbered('int unsigned'),
    uuid: required('char(36)'),
    public: required('smallint unsigned'),
    name: required('varchar(191)'),
    description: optional('text'),
    location_id: required('int unsigned'),
    fqdn: required('varchar(191)'),
    scheme: required('varchar(191)', 'https'),
    behind_proxy: required('boolean', false),
    maintenance_mode: required('boolean', false),
    memory: required('int unsigned'),
    memory_overallocate: required('int', 0),
    disk: required('int unsigned'),
    disk_overallocate: required('int', 0),
    upload_size: required('int unsigned', 100),
    daemon_token_id: required('char(16)'),
    daemon_token: required('text'),
    daemonListen: required('smallint unsigned', 8080),
    daemonSFTP: required('smallint unsigned', 2022),
    daemonBase: required('varchar(191)', '/home/daemon-files'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('daemon_token_id'), index('location_id'), unique('uuid')],
  foreignKeys: [references('location_id', 'locations', 'restrict')],
};

const allocations: Table = {
  name: 'allocations',
  columns: {
    id: numbered('int unsigned'),
    node_id: required('int unsigned'),
    ip: required('varchar(191)'),
    ip_alias: optional('text'),
    port: required('mediumint unsigned'),
    server_id: optional('int unsigned'),
    notes: optional('varchar(191)'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('node_id', 'ip', 'port'), index('server_id')],
  foreignKeys: [references('node_id', 'nodes', 'cascade'), references('server_id', 'servers', 'set null')],
};

/** Pterodactyl's machines, where they stand, and their ports. */
export const nodesAndPorts: readonly Table[] = [locations, nodes, allocations];
