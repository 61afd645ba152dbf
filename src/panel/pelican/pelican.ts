import { type Kysely, sql } from 'kysely';
import type { Queries } from '../../database/database.ts';
import { SizedStatement } from '../../database/sized-statement.ts';
import { createClock } from '../clock.ts';
import type { PanelEnv } from '../env/panel-env.ts';
import { accountKeyType, type Credential, type Panel, type PanelKind, type Resource } from '../panel.ts';
import { findCapacities } from './capacity.ts';
import { findCredentials } from './credentials.ts';
import { findNodes } from './nodes.ts';
import { isAdmin } from './roles.ts';
import { type PelicanTables, pelicanColumns, pelicanWrittenColumns } from './tables.ts';

/** Pelican: stores secrets as they are, grants by a JSON column, and knows admins by their roles. */
export const pelican: PanelKind = {
  name: 'Pelican',
  columns: pelicanColumns,
  writtenColumns: pelicanWrittenColumns,
  // It writes UTC into sessions of whatever zone the server has, so this must not set one either.
  session: () => ({ timeZone: null }),
  create: createPanel,
};

const usersById = new SizedStatement((queries: Kysely<PelicanTables>, ids: readonly number[]) =>
  queries
    .selectFrom('users as u')
    .select('u.id')
    .select((build) => isAdmin(build.ref('u.id')).as('is_admin'))
    .where('u.id', 'in', ids),
);

function createPanel(env: PanelEnv, hasOwnTables: boolean): Panel {
  const clock = createClock('UTC', 'UTC');
  return {
    name: pelican.name,
    accountKeyPrefix: 'pacc_',
    stages: ['bind', 'authenticate', 'json', 'ipAccess', 'admin', 'throttle', 'authorize'],
    rateLimit: { max: env.rateLimit.max ?? 256, periodMinutes: env.rateLimit.periodMinutes ?? 1 },
    clock,
    sealSecret: (encrypter, secret) => encrypter.encrypt(secret),
    openSecret: (encrypter, token) => encrypter.decrypt(token),
    findCredentials: (queries, identifiers) =>
      findCredentials(own(queries), identifiers, clock, hasOwnTables),
    findUsers: async (queries, ids) => {
      const rows = await usersById.find(own(queries), ids);
      return rows.map((row) => ({ id: row.id, isAdmin: row.is_admin === 1 }));
    },
    findNodes: (queries, ids) => findNodes(own(queries), ids, clock),
    findCapacities: (queries, ids) => findCapacities(own(queries), ids),
    adminFlag: isAdmin,
    adminFlagOf: (users) => isAdmin(sql.ref(`${users}.id`)),
    allows,
    nullableFields: [],
    newKeyColumns: { permissions: '[]' },
    activityColumns: (now) => ({ timestamp: clock.toColumn(now) }),
    twoFactorPolicy: async () => ({ level: 'nobody', source: 'the panel asks for it on its pages only' }),
  };
}

/** Only a root admin's account key passes every ACL; another account key grants nothing by itself. */
function allows(credential: Credential, resource: Resource, level: number): boolean {
  if (credential.keyType === accountKeyType && credential.owner.isRootAdmin) return true;
  // There are no locations to keep from anyone: who may read nodes is told that they have none.
  const name = resource === 'locations' ? 'nodes' : resource;
  return ((credential.acl[name] ?? 0) & level) !== 0;
}

/** The same connection, seen with this panel's own columns. */
function own(queries: Queries): Kysely<PelicanTables> {
  return queries as unknown as Kysely<PelicanTables>;
}
