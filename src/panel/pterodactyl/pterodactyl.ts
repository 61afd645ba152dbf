import { type Kysely, sql } from 'kysely';
import type { Queries } from '../../database/database.ts';
import { SizedStatement } from '../../database/sized-statement.ts';
import { createClock, type PanelClock } from '../clock.ts';
import type { PanelEnv } from '../env/panel-env.ts';
import { accountKeyType, type Panel, type PanelKind } from '../panel.ts';
import { serializePhpString, unserializePhpString } from '../php-string.ts';
import { findCapacities } from './capacity.ts';
import { findCredentials, type PolicySource, twoFactorSetting } from './credentials.ts';
import { findNodes } from './nodes.ts';
import { type PterodactylTables, pterodactylColumns, pterodactylWrittenColumns } from './tables.ts';
import { twoFactorPolicy } from './two-factor.ts';

/** Pterodactyl from 1.11.3 on, the first that lets keys expire. */
export const pterodactyl: PanelKind = {
  name: 'Pterodactyl',
  columns: pterodactylColumns,
  writtenColumns: pterodactylWrittenColumns,
  session: (env) => ({ timeZone: ownDatabaseZone(env) ?? '+00:00' }),
  create: createPanel,
};

const usersById = new SizedStatement((queries: Kysely<PterodactylTables>, ids: readonly number[]) =>
  queries.selectFrom('users').select(['id', 'root_admin']).where('id', 'in', ids),
);

function createPanel(env: PanelEnv, hasOwnTables: boolean): Panel {
  const clock = panelClock(env);
  const policy: PolicySource = { environment: env.twoFactorRequired, environmentOnly: env.environmentOnly };
  return {
    name: pterodactyl.name,
    accountKeyPrefix: 'ptlc_',
    stages: ['authenticate', 'json', 'twoFactor', 'ipAccess', 'throttle', 'bind', 'admin', 'authorize'],
    // The period is fixed: the variable for it is Pelican's.
    rateLimit: { max: env.rateLimit.max ?? 240, periodMinutes: 1 },
    clock,
    sealSecret: (encrypter, secret) => encrypter.encrypt(serializePhpString(secret)),
    openSecret: (encrypter, token) => unserializePhpString(encrypter.decrypt(token)),
    findCredentials: (queries, identifiers) =>
      findCredentials(own(queries), identifiers, clock, policy, hasOwnTables),
    findUsers: async (queries, ids) => {
      const rows = await usersById.find(own(queries), ids);
      return rows.map((row) => ({ id: row.id, isAdmin: row.root_admin === 1 }));
    },
    findNodes: (queries, ids) => findNodes(own(queries), ids, clock),
    // An account key passes every ACL: the gate before has made sure that its owner is an admin.
    allows: (credential, resource, level) =>
      credential.keyType === accountKeyType || ((credential.acl[resource] ?? 0) & level) !== 0,
    findCapacities: (queries, ids) => findCapacities(own(queries), ids),
    adminFlag: (userId) =>
      sql<number>`(select u.root_admin from ${sql.table('users')} as u where u.id = ${userId})`,
    adminFlagOf: (users) => sql<number>`${sql.ref(`${users}.root_admin`)}`,
    nullableFields: ['allowed_ips'],
    newKeyColumns: {},
    activityColumns: () => ({}),
    twoFactorPolicy: async (queries) => {
      const row = await own(queries)
        .selectFrom('settings')
        .select('value')
        .where('key', '=', twoFactorSetting)
        .executeTakeFirst();
      return twoFactorPolicy(row?.value ?? null, policy.environment, policy.environmentOnly);
    },
  };
}

/** The same connection, seen with this panel's own columns. */
function own(queries: Queries): Kysely<PterodactylTables> {
  return queries as unknown as Kysely<PterodactylTables>;
}

/**
 * The panel writes local time of APP_TIMEZONE in sessions of a time zone that normally matches, so the
 * stored instants are true and a UTC session reads and writes them as UTC. Only where DB_TIMEZONE names
 * another zone are they shifted; then this service must shift them the same way.
 */
function ownDatabaseZone(env: PanelEnv): string | null {
  const zone = env.database.driver === 'mysql' ? env.database.timeZone : null;
  return zone === null || zone === env.timeZone ? null : zone;
}

function panelClock(env: PanelEnv): PanelClock {
  return createClock(ownDatabaseZone(env) === null ? 'UTC' : env.timeZone, env.timeZone);
}
