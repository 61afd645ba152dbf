import { index, numbered, optional, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const nodes: Table = {
  name: 'nodes',
  columns: {
    id: numbered('int unsigned'),
    uuid: optional('varchar(36)'),
    public: required('smallint unsigned'),
    name: required('varchar(255)'),
    description: optional('text'),
    fqdn: required('varchar(255)'),
    scheme: required('varchar(255)', 'https'),
    behind_proxy: required('boolean', false),
    maintenance_mode: required('boolean', false),
    memory: required('int unsigned'),
    memory_overallocate: required('int', 0),
    disk: required('int unsigned'),
    disk_overallocate: required('int', 0),
    upload_size: required('int unsigned', 100),
    daemon_token_id: optional('varchar(16)'),
    daemon_token: required('text'),
    ...timestamps,
    cpu: required('int unsigned', 0),
    cpu_overallocate: required('int', 0),
    daemon_listen: required('smallint unsigned', 8080),
    daemon_sftp: required('smallint unsigned', 2022),
    daemon_sftp_alias: optional('varchar(255)'),
    daemon_base: required('varchar(255)'),
    tags: optional('text'),
    daemon_connect: required('smallint unsigned', 8080),
  },
  primaryKey: ['id'],
  indexes: [unique('daemon_token_id'), unique('uuid')],
  foreignKeys: [],
};

const allocations: Table = {
  name: 'allocations',
  columns: {
    id: numbered('int unsigned'),
    node_id: required('int unsigned'),
    ip: required('varchar(255)'),
    ip_alias: optional('text'),
    port: required('mediumint unsigned'),
    server_id: optional('int unsigned'),
    notes: optional('varchar(255)'),
    ...timestamps,
    show_port: required('boolean', true),
    is_locked: required('boolean', false),
  },
  primaryKey: ['id'],
  indexes: [unique('node_id', 'ip', 'port'), index('server_id')],
  foreignKeys: [references('node_id', 'nodes', 'cascade'), references('server_id', 'servers', 'set null')],
};

/** Pelican's machines and their ports. */
export const nodesAndPorts: readonly Table[] = [nodes, allocations];
