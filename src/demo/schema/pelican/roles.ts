import { index, numbered, references, required, timestamps, unique } from '../columns.ts';
import type { Table } from '../types.ts';

const roles: Table = {
  name: 'roles',
  columns: {
    id: numbered('bigint unsigned'),
    name: required('varchar(255)'),
    guard_name: required('varchar(255)'),
    ...timestamps,
  },
  primaryKey: ['id'],
  indexes: [unique('name', 'guard_name')],
  foreignKeys: [],
};

const permissions: Table = { ...roles, name: 'permissions' };

const modelHasRoles: Table = {
  name: 'model_has_roles',
  columns: {
    role_id: required('bigint unsigned'),
    model_type: required('varchar(255)'),
    model_id: required('bigint unsigned'),
  },
  primaryKey: ['role_id', 'model_id', 'model_type'],
  indexes: [index('model_id', 'model_type')],
  foreignKeys: [references('role_id', 'roles', 'cascade')],
};

const modelHasPermissions: Table = {
  name: 'model_has_permissions',
  columns: {
    permission_id: required('bigint unsigned'),
    model_type: required('varchar(255)'),
    model_id: required('bigint unsigned'),
  },
  primaryKey: ['permission_id', 'model_id', 'model_type'],
  indexes: [index('model_id', 'model_type')],
  foreignKeys: [references('permission_id', 'permissions', 'cascade')],
};

const roleHasPermissions: Table = {
  name: 'role_has_permissions',
  columns: {
    permission_id: required('bigint unsigned'),
    role_id: required('bigint unsigned'),
  },
  primaryKey: ['permission_id', 'role_id'],
  indexes: [],
  foreignKeys: [
    references('permission_id', 'permissions', 'cascade'),
    references('role_id', 'roles', 'cascade'),
  ],
};

const nodeRole: Table = {
  name: 'node_role',
  columns: {
    node_id: required('int unsigned'),
    role_id: required('bigint unsigned'),
  },
  primaryKey: [],
  indexes: [unique('node_id', 'role_id')],
  foreignKeys: [references('node_id', 'nodes', 'cascade'), references('role_id', 'roles', 'cascade')],
};

/** Who may do what in Pelican: its roles, and the tables that tie them to users and nodes. */
export const rolesAndPermissions: readonly Table[] = [
  roles,
  permissions,
  modelHasRoles,
  modelHasPermissions,
  roleHasPermissions,
  nodeRole,
];
