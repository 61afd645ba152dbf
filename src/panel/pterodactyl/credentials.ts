import { type Kysely, sql } from 'kysely';
import { SizedStatement } from '../../database/sized-statement.ts';
import type { PanelClock } from '../clock.ts';
import { ownKeyColumns, readOwnFacts, withOwnKeys } from '../own-key.ts';
import type { Credential } from '../panel.ts';
import type { PterodactylTables } from './tables.ts';
import { lacksTwoFactor, twoFactorLevel } from './two-factor.ts';

/** The row of `settings` in which the panel's settings page keeps the second-factor policy. */
export const twoFactorSetting = 'settings::pterodactyl:auth:2fa_required';

/** Where the second-factor policy comes from besides the settings table. */
export interface PolicySource {
  /** `APP_2FA_REQUIRED`, or null. */
  readonly environment: string | null;
  /** `APP_ENVIRONMENT_ONLY`: the settings table is ignored. */
  readonly environmentOnly: boolean;
}

/**
 * Reads keys with their owners by identifier, and the policy in force at the same moment, in one statement.
 * MySQL matches identifiers without regard to case; whoever asks compares the spelling.
 */
export async function findCredentials(
  queries: Kysely<PterodactylTables>,
  identifiers: readonly string[],
  clock: PanelClock,
  policy: PolicySource,
  hasOwnTables: boolean,
): Promise<readonly Credential[]> {
  const rows = await credentialRows[hasOwnTables ? 'withOwn' : 'without'].find(queries, identifiers);
  return rows.map((row) => {
    const isAdmin = row.root_admin === 1;
    const own = readOwnFacts(row, row.identifier);
    const end = row.expires_at === null ? null : clock.fromColumn(row.expires_at);
    const level = twoFactorLevel(row.policy, policy.environment, policy.environmentOnly);
    return {
      id: row.id,
      identifier: row.identifier ?? '',
      keyType: row.key_type,
      token: row.token,
      allowedIps: row.allowed_ips,
      expiresAt: own.expiresAt ?? end,
      own,
      acl: {
        servers: row.r_servers,
        nodes: row.r_nodes,
        allocations: row.r_allocations,
        users: row.r_users,
        locations: row.r_locations,
      },
      owner: {
        id: row.user_id,
        uuid: row.uuid,
        isAdmin,
        isRootAdmin: isAdmin,
        lacksTwoFactor: lacksTwoFactor(level, isAdmin, row.use_totp === 1),
      },
    };
  });
}

const credentialRows = { withOwn: credentialStatement(true), without: credentialStatement(false) };

function credentialStatement(hasOwnTables: boolean) {
  return new SizedStatement((queries: Kysely<PterodactylTables>, identifiers: readonly string[]) =>
    withOwnKeys(queries)
      .selectFrom('api_keys as k')
      .innerJoin('users as u', 'u.id', 'k.user_id')
      .select([
        ...(['k.id', 'k.user_id', 'k.key_type', 'k.identifier', 'k.token', 'k.allowed_ips'] as const),
        ...(['k.expires_at', 'k.r_servers', 'k.r_nodes', 'k.r_allocations', 'k.r_users'] as const),
        ...(['k.r_locations', 'u.uuid', 'u.root_admin', 'u.use_totp'] as const),
      ])
      .select((build) =>
        build
          .selectFrom('settings as s')
          .select('s.value')
          .where('s.key', '=', sql.lit(twoFactorSetting))
          .limit(sql.lit(1))
          .as('policy'),
      )
      .$if(hasOwnTables, (query) =>
        query.leftJoin('sidecar_keys as o', 'o.api_key_id', 'k.id').select(ownKeyColumns),
      )
      .where('k.identifier', 'in', identifiers),
  );
}
