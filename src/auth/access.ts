import type { Resource } from '../panel/panel.ts';

/** The panel's bits of an ACL. Writing does not include reading. */
export const AccessLevel = { read: 1, write: 2 } as const;

/** What a route asks of its caller. Every route of the API declares it; one that does not can't start. */
export interface Access {
  readonly resource: Resource;
  /** One of `AccessLevel`. */
  readonly level: number;
  /** What the path's id names; it must exist. `none` for a path without one. */
  readonly target: 'user' | 'node' | 'none';
  /** A user may do this to their own account with a key of that account, admin or not. */
  readonly selfService: boolean;
  /** Refused where the target user is an admin, unless the configuration allows it. */
  readonly guardsAdmins: boolean;
  /** Answers requests without an Authorization header too, to which the handler then owes its own bounds. */
  readonly allowsAnonymous: boolean;
}
