import type { Kysely } from 'kysely';
import { SizedStatement } from '../../database/sized-statement.ts';
import type { PanelClock } from '../clock.ts';
import { ownKeyColumns, readOwnFacts, withOwnKeys } from '../own-key.ts';
import type { Credential, Resource } from '../panel.ts';
import { isAdmin, isRootAdmin } from './roles.ts';
import type { PelicanTables } from './tables.ts';

/** Pelican's names of the resources in a key's `permissions`; it has no locations. */
const resourceNames: readonly (readonly [Resource, string])[] = [
  ['users', 'user'],
  ['nodes', 'node'],
  ['allocations', 'allocation'],
  ['servers', 'server'],
];

/** Reads keys with their owners by identifier, in one statement. A key without an owner is no key. */
export async function findCredentials(
  queries: Kysely<PelicanTables>,
  identifiers: readonly string[],
  clock: PanelClock,
  hasOwnTables: boolean,
): Promise<readonly Credential[]> {
  const rows = await credentialRows[hasOwnTables ? 'withOwn' : 'without'].find(queries, identifiers);
  return rows.map((row) => {
    const own = readOwnFacts(row, row.identifier);
    const end = row.expires_at === null ? null : clock.fromColumn(row.expires_at);
    return {
      id: row.id,
      identifier: row.identifier ?? '',
      keyType: row.key_type,
      token: row.token,
      allowedIps: row.allowed_ips,
      expiresAt: own.expiresAt ?? end,
      own,
      acl: readPermissions(row.permissions),
      owner: {
        id: row.user_id,
        uuid: row.uuid,
        isAdmin: row.is_admin === 1,
        isRootAdmin: row.is_root_admin === 1,
        // Pelican asks for a second factor on its pages only.
        lacksTwoFactor: false,
      },
    };
  });
}

const credentialRows = { withOwn: credentialStatement(true), without: credentialStatement(false) };

function credentialStatement(hasOwnTables: boolean) {
  return new SizedStatement((queries: Kysely<PelicanTables>, identifiers: readonly string[]) =>
    withOwnKeys(queries)
      .selectFrom('api_keys as k')
      .innerJoin('users as u', 'u.id', 'k.user_id')
      .select([
        ...(['k.id', 'k.user_id', 'k.key_type', 'k.identifier', 'k.token', 'k.allowed_ips'] as const),
        ...(['k.expires_at', 'k.permissions', 'u.uuid'] as const),
      ])
      .select((build) => [
        isAdmin(build.ref('u.id')).as('is_admin'),
        isRootAdmin(build.ref('u.id')).as('is_root_admin'),
      ])
      .$if(hasOwnTables, (query) =>
        query.leftJoin('sidecar_keys as o', 'o.api_key_id', 'k.id').select(ownKeyColumns),
      )
      .where('k.identifier', 'in', identifiers),
  );
}

/** What is not a JSON object grants nothing; an empty one is stored as a list. */
function readPermissions(text: string | null): Credential['acl'] {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? 'null');
  } catch {
    stored = null;
  }
  const levels = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const granted = resourceNames.flatMap(([resource, name]) => {
    const level = levels[name];
    return typeof level === 'number' && Number.isInteger(level) ? [[resource, level] as const] : [];
  });
  return Object.fromEntries(granted);
}
