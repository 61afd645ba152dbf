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
  const { permissions = settings.api_key.default_permissions, servers = null } = input;
  return withServers(requestedPermissions(settings, bounds, permissions), servers);
}

/** What a key is confined to after a change; fields that are absent stay. @throws ApiError 422 */
export function changedScope(
  settings: Settings,
  bounds: CallerBounds,
  current: KeyScope,
  input: ScopeInput,
): KeyScope {
  checkScope(settings, input);
  const servers = input.servers === undefined ? current.servers : input.servers;
  if (input.permissions === undefined) return withServers(current.permissions, servers);
  return withServers(requestedPermissions(settings, bounds, input.permissions), servers);
}

/** Only who may write users decides that a key is not confined; from others null means the defaults. */
function requestedPermissions(
  { scopes, api_key }: Settings,
  { writesUsers }: CallerBounds,
  permissions: readonly string[] | null,
): readonly string[] | null {
  if (permissions !== null || writesUsers || !scopes.enforce) return permissions;
  return api_key.default_permissions;
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
  const spelledOnce = servers?.map((server) => server.toLowerCase()) ?? null;
  return { permissions, servers: spelledOnce === null ? null : [...new Set(spelledOnce)] };
}
