import type { Settings } from '../config/settings.ts';
import { invalid } from '../input/invalid.ts';
import type { CallerBounds } from './caller-bounds.ts';

/** Fields that confine a key. */
export interface ScopeInput {
  /** Null for no scopes, where the caller may decide that. */
  readonly permissions?: readonly string[] | null;
  readonly servers?: readonly string[] | null;
}

/** What a key is confined to, as stored; both null for nothing. */
export interface KeyScope {
  readonly permissions: readonly string[] | null;
  readonly servers: readonly string[] | null;
}

/** Whether any field asks for scopes. */
export function asksForScope(input: ScopeInput): boolean {
  return (input.permissions ?? null) !== null || (input.servers ?? null) !== null;
}

/**
 * What a new key is confined to. Without enforcement a scope would promise what nobody keeps, so it is
 * refused; with it, a key that names none gets the operator's defaults.
 *
 * @throws ApiError 422
 */
export function newKeyScope(settings: Settings, bounds: CallerBounds, input: ScopeInput): KeyScope {
  checkScope(settings, input);
  if (!settings.scopes.enforce) return { permissions: null, servers: null };
  const wantsNone = input.permissions === null && bounds.writesUsers;
  const permissions = input.permissions ?? (wantsNone ? null : settings.api_key.default_permissions);
  return withServers(permissions, input.servers ?? null);
}

/** What a key is confined to after a change; fields that are absent stay. @throws ApiError 422 */
export function changedScope(settings: Settings, current: KeyScope, input: ScopeInput): KeyScope {
  checkScope(settings, input);
  const permissions = input.permissions === undefined ? current.permissions : input.permissions;
  return withServers(permissions, input.servers === undefined ? current.servers : input.servers);
}

function checkScope(settings: Settings, input: ScopeInput): void {
  if (settings.scopes.enforce || !asksForScope(input)) return;
  const field = (input.permissions ?? null) === null ? 'servers' : 'permissions';
  throw invalid(
    field,
    'enforced',
    `The ${field} cannot be set: scopes are not enforced here (scopes.enforce), so they would not hold.`,
  );
}

function withServers(permissions: readonly string[] | null, servers: readonly string[] | null): KeyScope {
  if (servers !== null && permissions === null) {
    throw invalid(
      'servers',
      'required_with',
      'The servers need permissions: a key without any is not confined.',
    );
  }
  return { permissions, servers: servers?.map((server) => server.toLowerCase()) ?? null };
}
