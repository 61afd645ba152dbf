import { type RawBuilder, sql } from 'kysely';
import { disabledSince } from '../api-keys/change-key.ts';
import { classifyFailure } from '../database/errors.ts';
import type { Services } from '../services.ts';
import { type StoredKey, selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { withOpenServices } from './open-services.ts';

/** Most keys that are named. */
const mostNamed = 10;
/** Keys looked up with one statement. */
const batchSize = 500;

/**
 * No key has lost what the own tables said of it, as happens where the panel's tables come from a backup and
 * the own ones do not: a key with scopes would be free, and one that was disabled could not be enabled.
 */
export const checkOwnRows: Check = {
  name: 'own rows',
  run: (findings) =>
    withOpenServices(findings, async (services) => {
      const logged = await findLogged(services);
      const lost = [...(await findUnscoped(services, logged ?? [])), ...(await findUnexplained(services))];
      if (lost.length > 0) {
        const more = lost.length > mostNamed ? `, and ${lost.length - mostNamed} more` : '';
        return fail(
          `keys have lost their row in sidecar_keys: ${lost.slice(0, mostNamed).join(', ')}${more}`,
          'revoke them, or restore that table from the same backup as api_keys',
        );
      }
      const unsaid = logged === null ? unreadable : await findUnsaid(services);
      if (unsaid === null) return ok('no key has lost its scopes or its suspension');
      const detail = `whether keys have lost their scopes cannot be told${unsaid.which}: ${unsaid.why}`;
      // Where there never were scopes, nothing can have been lost.
      const mayHaveScopes = services.settings.scopes.enforce || services.hasOwnTables;
      return mayHaveScopes ? warn(detail, unsaid.remedy) : ok(detail);
    }),
};

/** What the activity log does not say. */
interface Unsaid {
  /** Which keys it says nothing of, where it is not all. */
  readonly which: string;
  readonly why: string;
  readonly remedy: string;
}

const unreadable: Unsaid = {
  which: '',
  why: 'this account may not read activity_logs',
  remedy: "look once with the panel's own database user (DB_USERNAME, DB_PASSWORD)",
};

/** The panel writes of a new key in the same moment; so much later, it is another entry. In milliseconds. */
const loggedWithin = 60_000;

/** Whether the log, which the panel prunes, reaches back to every key without scopes; null where it does. */
async function findUnsaid(services: Services): Promise<Unsaid | null> {
  const { database, panel, hasOwnTables } = services;
  const { rows } = await sql<{ oldest: string | null }>`select min(${sql.ref('timestamp')}) as oldest
    from ${sql.table('activity_logs')}`.execute(database.queries);
  const oldest = rows[0]?.oldest ?? null;
  let query = keys(services).limit(sql.lit(1));
  if (hasOwnTables) query = query.where(sql<boolean>`o.permissions is null`);
  if (oldest !== null) {
    const before = new Date(panel.clock.fromColumn(oldest).getTime() - loggedWithin);
    const column = panel.clock.toColumn(before);
    query = query.where(sql<boolean>`(k.created_at is null or k.created_at < ${column})`);
  }
  if ((await query.executeTakeFirst()) === undefined) return null;
  const remedy = 'wherever a backup is restored, take sidecar_keys from the same one as api_keys';
  if (oldest === null) return { which: '', why: 'activity_logs is empty', remedy };
  return { which: ' of keys made before', why: `activity_logs reaches back to ${oldest}`, remedy };
}

/** Identifiers of keys that the activity log says have scopes; null where it cannot be read. */
async function findLogged({ database }: Services): Promise<readonly string[] | null> {
  const events = ['user:api-key.create', 'user:api-key.update'];
  // PostgreSQL compares no JSON with text.
  const text: RawBuilder<string> = database.kind === 'postgres' ? sql`properties::text` : sql`properties`;
  try {
    const { rows } = await sql<{ properties: unknown }>`select properties from ${sql.table('activity_logs')}
      where event in (${sql.join(events)}) and ${text} like '%"permissions"%' order by id`.execute(
      database.queries,
    );
    // What was logged last of a key counts: it may have been freed on purpose.
    const scoped = new Map(rows.map(({ properties }) => readScoping(properties)));
    return [...scoped].filter(([, isScoped]) => isScoped).map(([identifier]) => identifier);
  } catch (error) {
    if (classifyFailure(error) === 'unavailable') throw error;
    return null;
  }
}

/** The key that properties tell of, and whether it has scopes since. A driver may have parsed them. */
function readScoping(properties: unknown): readonly [string, boolean] {
  const { identifier, permissions } = (
    typeof properties === 'string' ? JSON.parse(properties) : properties
  ) as { identifier?: unknown; permissions?: unknown };
  return [String(identifier), Array.isArray(permissions)];
}

async function findUnscoped(services: Services, identifiers: readonly string[]): Promise<readonly string[]> {
  const unscoped: string[] = [];
  for (let start = 0; start < identifiers.length; start += batchSize) {
    const batch = identifiers.slice(start, start + batchSize);
    const rows = await keys(services).where('k.identifier', 'in', batch).execute();
    const found = rows.map((row) => toStoredKey(row, services.panel.clock));
    unscoped.push(...found.filter(({ own }) => own.permissions === null).map(describe));
  }
  return unscoped;
}

/** Keys that end where a disabled one does, without a word on why. */
async function findUnexplained(services: Services): Promise<readonly string[]> {
  const { clock } = services.panel;
  const rows = await keys(services).where('k.expires_at', '=', clock.toColumn(disabledSince)).execute();
  const found = rows.map((row) => toStoredKey(row, clock));
  return found.filter(({ own }) => !own.isDisabled).map(describe);
}

function keys({ database, hasOwnTables }: Services) {
  return selectKeys(database.queries, hasOwnTables);
}

function describe({ identifier, userId }: StoredKey): string {
  return `${identifier} of user ${userId}`;
}
