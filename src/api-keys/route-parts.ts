import type { FastifyRequest } from 'fastify';
import type { Access } from '../auth/access.ts';
import { AccessLevel } from '../auth/access.ts';
import { isSelfService } from '../auth/rules.ts';
import { coerceBoolean, coerceInteger } from '../input/coerce.ts';
import type { Input } from '../input/input.ts';
import { invalid } from '../input/invalid.ts';
import { callerOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { type ExtraField, extraFields, noFields } from './api-key.ts';
import { boundAddresses, type KeyCaller } from './caller-bounds.ts';

/** Paths of the API's key routes, as documentation and audit name them. */
export const keyTemplates = {
  userKeys: '/api/application/users/{user}/api-keys',
  userKey: '/api/application/users/{user}/api-keys/{identifier}',
  allKeys: '/api/application/api-keys',
} as const;

/** Where a route of one key is registered. */
export const userKeyPath = '/users/:user/api-keys/:identifier(^[A-Za-z0-9_]{16}$)';

/** Routes on the keys of the user in the path. */
export function userKeysAccess(level: number): Access {
  return {
    resource: 'users',
    level,
    target: 'user',
    selfService: true,
    guardsAdmins: true,
    allowsAnonymous: false,
  };
}

/** Routes on the keys of all users. */
export function allKeysAccess(level: number, allowsAnonymous: boolean): Access {
  return {
    resource: 'users',
    level,
    target: 'none',
    selfService: false,
    guardsAdmins: false,
    allowsAnonymous,
  };
}

/** The caller of a guarded route, with how far they may go. */
export function keyCallerOf(request: FastifyRequest, { panel, settings }: Services): KeyCaller {
  const { credential, actor, target } = callerOf(request);
  const { access } = request.routeOptions.config;
  const policy = {
    selfService: settings.api_key.self_service,
    allowAdminTargets: settings.api_key.allow_admin_targets,
  };
  const isOwn = access !== undefined && isSelfService(policy, access, credential, target.user);
  const writesUsers =
    (!isOwn || credential.owner.isAdmin) && panel.allows(credential, 'users', AccessLevel.write);
  return {
    actor,
    bounds: {
      end: credential.expiresAt,
      allowedIps: isOwn ? boundAddresses(credential.allowedIps) : null,
      writesUsers,
    },
  };
}

/** Extra attributes that `fields` asks for. @throws ApiError 422 for an unknown one. */
export function fieldsOf(request: FastifyRequest): ReadonlySet<ExtraField> {
  const { fields } = (request.query ?? {}) as { fields?: unknown };
  if (fields === undefined || fields === null) return noFields;
  const names = typeof fields === 'string' ? fields.split(',').map((name) => name.trim()) : [];
  if (names.length === 0 || !names.every(isExtraField)) {
    throw invalid('fields', 'in', `The selected fields is invalid: known are ${extraFields.join(', ')}.`);
  }
  return new Set(names);
}

function isExtraField(name: string): name is ExtraField {
  return (extraFields as readonly string[]).includes(name);
}

/** Filters as schemas want them: yes and no as such, numbers as numbers, none at all where it is empty. */
export function coerceFilter(request: Pick<FastifyRequest, 'query'>): void {
  const query = request.query as Input;
  const { filter } = query;
  if (filter === null) delete query.filter;
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return;
  const booleans = ['expired', 'disabled', 'never_used', 'has_ip_restriction', 'owner_is_admin'];
  query.filter = Object.fromEntries(
    Object.entries(filter).map(([name, value]) => {
      if (name === 'user') return [name, coerceInteger(value)];
      return [name, booleans.includes(name) ? coerceBoolean(value) : value];
    }),
  );
}
