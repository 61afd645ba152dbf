/** Who did something, as the panel's activity log records it. */
export interface Actor {
  /** The owner of the credential; null for the command line. */
  readonly userId: number | null;
  /** The credential's row id; null for the command line. */
  readonly apiKeyId: number | null;
  readonly ip: string;
}

/** The command line acts for nobody and from this machine. */
export const shellActor: Actor = { userId: null, apiKeyId: null, ip: '127.0.0.1' };

/** What an activity is about, by the panel's names of its models. */
export interface Subject {
  readonly type: 'user' | 'api_key';
  readonly id: number;
}

/** One entry of the panel's activity log. */
export interface Activity {
  readonly event: string;
  readonly actor: Actor;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Rows with a user as subject show on that user's activity page; the others on none. */
  readonly subjects: readonly Subject[];
}

/**
 * A key was made. The event and its subjects are the panel's own.
 *
 * @param more What else is worth telling: the key it replaces, what it is confined to.
 */
export function keyCreated(
  actor: Actor,
  userId: number,
  key: { id: number; identifier: string },
  more: Readonly<Record<string, unknown>> = {},
): Activity {
  return {
    event: 'user:api-key.create',
    actor,
    properties: { identifier: key.identifier, ...more },
    subjects: [
      { type: 'user', id: userId },
      { type: 'api_key', id: key.id },
    ],
  };
}

/** A key was deleted. The event and its subject are the panel's own. */
export function keyDeleted(actor: Actor, userId: number, identifier: string): Activity {
  return {
    event: 'user:api-key.delete',
    actor,
    properties: { identifier },
    subjects: [{ type: 'user', id: userId }],
  };
}

/** What this service did to a key, in events of its own: they show on no activity page. */
export function keyChanged(
  actor: Actor,
  change: 'update' | 'disable' | 'enable',
  userId: number,
  identifier: string,
  more: Readonly<Record<string, unknown>> = {},
): Activity {
  const properties = { identifier, user_id: userId, ...more };
  return { event: `user:api-key.${change}`, actor, properties, subjects: [] };
}

/** One key was looked at. */
export function keyViewed(actor: Actor, userId: number, identifier: string): Activity {
  return { event: 'user:api-key.view', actor, properties: { user_id: userId, identifier }, subjects: [] };
}

/** Keys of all users were searched. */
export function keysSearched(actor: Actor, count: number): Activity {
  return { event: 'user:api-key.view', actor, properties: { count }, subjects: [] };
}

/** A user's keys were listed. */
export function keysViewed(actor: Actor, userId: number, count: number): Activity {
  return { event: 'user:api-key.view', actor, properties: { user_id: userId, count }, subjects: [] };
}

/**
 * Ports were listed.
 *
 * @param nodeId Null for a list across nodes.
 * @param page Null for a page that begins at a cursor.
 */
export function allocationsViewed(
  actor: Actor,
  nodeId: number | null,
  page: number | null,
  perPage: number,
): Activity {
  const properties = { node_id: nodeId, page, per_page: perPage };
  return { event: 'node:allocation.view', actor, properties, subjects: [] };
}

/** What happened to a claim of ports. */
export function claimChanged(
  actor: Actor,
  change: 'create' | 'extend' | 'release' | 'view',
  claim: { readonly id: string; readonly nodeId: number },
  more: Readonly<Record<string, unknown>> = {},
): Activity {
  const properties = { claim_id: claim.id, node_id: claim.nodeId, ...more };
  return { event: `node:allocation-claim.${change}`, actor, properties, subjects: [] };
}

/** Why an authenticated caller was refused. */
export type RefusalReason = 'not-admin' | 'acl' | 'admin-target' | 'scoped-key';

/** A refused request of an authenticated caller. */
export interface Refusal {
  readonly method: string;
  /** The route's template, never the path as sent. */
  readonly route: string;
  readonly status: number;
  readonly reason: RefusalReason;
}

/** A caller with a valid key was refused. */
export function requestRefused(actor: Actor, refusal: Refusal): Activity {
  return { event: 'api:refused', actor, properties: { ...refusal }, subjects: [] };
}

/** A key was used from an address its allow-list does not hold. The event and its subjects are the panel's own. */
export function addressBlocked(
  actor: Actor,
  userId: number,
  key: { id: number; identifier: string },
): Activity {
  return {
    event: 'auth:ip-blocked',
    actor,
    properties: { identifier: key.identifier },
    subjects: [
      { type: 'user', id: userId },
      { type: 'api_key', id: key.id },
    ],
  };
}
