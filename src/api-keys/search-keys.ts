import { type Expression, type SqlBool, sql } from 'kysely';
import { type Actor, keysSearched } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import { formatCursor } from '../input/cursor.ts';
import type { Services } from '../services.ts';
import { selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { disabledSince } from './change-key.ts';
import type { KeyFilter } from './key-filter.ts';

/** What keys of all users can be picked by. */
export interface KeySearch extends KeyFilter {
  /** Row id of the owner. */
  readonly user?: number;
  /** Not used since then, nor made since then. */
  readonly unusedSince?: Date;
  readonly neverUsed?: boolean;
  readonly expiresBefore?: Date;
  readonly hasIpRestriction?: boolean;
  /** Name the key is confined to, among others. */
  readonly permission?: string;
  readonly ownerIsAdmin?: boolean;
}

/** A page of a search. */
export interface SearchPage {
  readonly keys: readonly ApiKeyResource[];
  /** Cursor of the next page; null at the end. */
  readonly next: string | null;
}

/** Whose keys of admins a caller may see. */
export interface AdminSight {
  readonly all: boolean;
  /** An admin who may see their own. */
  readonly ownUserId: number | null;
}

/** Answers with a page of all account keys, newest first, once the view is recorded. */
export type SearchKeys = (
  actor: Actor,
  sight: AdminSight,
  search: KeySearch,
  page: { readonly after: number | null; readonly perPage: number },
  fields: ReadonlySet<ExtraField>,
) => Promise<SearchPage>;

export function createSearchKeys(services: Services): SearchKeys {
  const { panel, activityLog, settings } = services;
  return async (actor, sight, search, { after, perPage }, fields) => {
    const rows = await services.reads.run((queries) =>
      searchRows(services, queries, sight, search, after, perPage + 1),
    );
    const keys = rows.slice(0, perPage).map((row) => toStoredKey(row, panel.clock));
    const last = rows.length > perPage ? keys.at(-1) : undefined;
    if (settings.audit.views) await activityLog.append(keysSearched(actor, keys.length));
    const shown = new Set<ExtraField>(['user_id', ...fields]);
    return {
      keys: keys.map((key) => toApiKey(key, panel.clock, shown)),
      next: last === undefined ? null : formatCursor([last.id]),
    };
  };
}

function searchRows(
  { panel, hasOwnTables }: Services,
  queries: Queries,
  sight: AdminSight,
  search: KeySearch,
  after: number | null,
  limit: number,
) {
  const now = Date.now();
  const toColumn = (instant: Date) => panel.clock.toColumn(instant);
  const flag = (value: boolean, truth: Expression<SqlBool>) => (value ? truth : sql<SqlBool>`not (${truth})`);
  const isAdmin = sql<SqlBool>`${panel.adminFlag(sql.ref('k.user_id'))} = 1`;
  // The panel's column of a disabled key holds no true end.
  const trueEnd = (before: number) => sql<SqlBool>`(coalesce(o.expires_at, 9007199254740991) <= ${before}
      or (o.expires_at is null and k.expires_at <= ${toColumn(new Date(before))}
        and k.expires_at > ${toColumn(new Date(disabledSince.getTime() + 86_400_000))}))`;
  const isEmptyList = sql<SqlBool>`(k.allowed_ips is null or k.allowed_ips in ('', '[]', '{}', 'null'))`;
  let query = selectKeys(queries, hasOwnTables);
  const where = (truth: Expression<SqlBool>) => {
    query = query.where(truth);
  };
  if (after !== null) where(sql<SqlBool>`k.id < ${after}`);
  if (!sight.all) where(sql<SqlBool>`(not (${isAdmin}) or k.user_id = ${sight.ownUserId ?? 0})`);
  if (search.user !== undefined) where(sql<SqlBool>`k.user_id = ${search.user}`);
  if (search.description !== undefined) {
    where(sql<SqlBool>`lower(k.memo) like ${likePattern(search.description.toLowerCase())} escape '!'`);
  }
  if (search.reference !== undefined) where(sql<SqlBool>`o.reference = ${search.reference}`);
  if (search.permission !== undefined) {
    where(sql<SqlBool>`o.permissions like ${likePattern(JSON.stringify(search.permission))} escape '!'`);
  }
  if (search.disabled !== undefined) where(flag(search.disabled, sql<SqlBool>`o.disabled_at is not null`));
  if (search.neverUsed !== undefined) where(flag(search.neverUsed, sql<SqlBool>`k.last_used_at is null`));
  if (search.unusedSince !== undefined) {
    where(sql<SqlBool>`coalesce(k.last_used_at, k.created_at) < ${toColumn(search.unusedSince)}`);
  }
  if (search.expired !== undefined) {
    where(sql<SqlBool>`case when ${trueEnd(now)} then 1 else 0 end = ${search.expired ? 1 : 0}`);
  }
  if (search.expiresBefore !== undefined) where(trueEnd(search.expiresBefore.getTime()));
  if (search.hasIpRestriction !== undefined) where(flag(!search.hasIpRestriction, isEmptyList));
  if (search.ownerIsAdmin !== undefined) where(flag(search.ownerIsAdmin, isAdmin));
  return query.orderBy('k.id', 'desc').limit(sql.lit(limit)).execute();
}

/** A LIKE pattern for texts that hold this one, with `!` before what would be a wildcard. */
function likePattern(part: string): string {
  return `%${part.replaceAll(/[!%_]/g, '!$&')}%`;
}
