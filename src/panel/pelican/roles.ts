import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { PelicanTables } from './tables.ts';

/** The role that may do everything; it has no permissions of its own. */
const rootAdminRole = 'Root Admin';
/** What the role tables call a user. */
const userModel = 'user';

const build = expressionBuilder<PelicanTables, never>();

/** 1 where the user has the role Root Admin, else 0. @param userId The column that holds the user's id. */
export function isRootAdmin(userId: Expression<number>): RawBuilder<number> {
  return asNumber(
    build.exists(
      rolesOf(userId)
        .innerJoin('roles as r', 'r.id', 'mr.role_id')
        .where('r.name', '=', sql.lit(rootAdminRole)),
    ),
  );
}

/**
 * 1 where the panel counts the user as an admin, else 0: with the role Root Admin, or with a role and any
 * permission, through a role or given directly.
 */
export function isAdmin(userId: Expression<number>): RawBuilder<number> {
  const throughRole = rolesOf(userId).innerJoin('role_has_permissions as rp', 'rp.role_id', 'mr.role_id');
  const direct = build
    .selectFrom('model_has_permissions as mp')
    .select(sql.lit(1).as('one'))
    .where('mp.model_type', '=', sql.lit(userModel))
    .whereRef('mp.model_id', '=', userId);
  const hasPermission = build.or([build.exists(throughRole), build.exists(direct)]);
  const hasRole = build.exists(rolesOf(userId));
  return asNumber(build.or([sql<SqlBool>`${isRootAdmin(userId)} = 1`, build.and([hasRole, hasPermission])]));
}

function rolesOf(userId: Expression<number>) {
  return build
    .selectFrom('model_has_roles as mr')
    .select(sql.lit(1).as('one'))
    .where('mr.model_type', '=', sql.lit(userModel))
    .whereRef('mr.model_id', '=', userId);
}

/** Databases disagree on what a truth looks like in a result; a number is the same on all. */
function asNumber(truth: Expression<SqlBool>): RawBuilder<number> {
  return sql<number>`case when ${truth} then 1 else 0 end`;
}
