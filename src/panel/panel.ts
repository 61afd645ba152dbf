import type { Expression, RawBuilder } from 'kysely';
import type { Queries, SessionSettings } from '../database/database.ts';
import type { PanelClock } from './clock.ts';
import type { Encrypter } from './encrypter.ts';
import type { PanelEnv } from './env/panel-env.ts';
import type { OwnKeyFacts } from './own-key.ts';

/** What an application key can be granted, in this project's words; each panel has its own names for them. */
export type Resource = 'users' | 'nodes' | 'allocations' | 'locations' | 'servers';

/** The panel's `key_type` of a key a user holds for the Client API; every other value is an application key. */
export const accountKeyType = 1;

/** A key found by its identifier, with its owner, as read for one request. */
export interface Credential {
  readonly id: number;
  /** The 16 characters a bearer token begins with, spelled as stored. */
  readonly identifier: string;
  readonly keyType: number;
  /** The encrypted secret, as stored. */
  readonly token: string;
  /** The JSON text of the allow-list, as stored. */
  readonly allowedIps: string | null;
  /** The end in force: the exact one of the own tables where there is one, else the panel's. */
  readonly expiresAt: Date | null;
  /** What this service's own tables say of the key. */
  readonly own: OwnKeyFacts;
  /** Bits granted per resource: 1 read, 2 write. */
  readonly acl: Readonly<Partial<Record<Resource, number>>>;
  readonly owner: Owner;
}

/** The account a key belongs to. */
export interface Owner {
  readonly id: number;
  /** The rate limit counts per account, by this. */
  readonly uuid: string;
  /** Passes the panel's gate to the Application API. */
  readonly isAdmin: boolean;
  /** May do everything. */
  readonly isRootAdmin: boolean;
  /** Whether the panel's policy demands a second factor of this account that it has not set up. */
  readonly lacksTwoFactor: boolean;
}

/** Whom a panel demands a second factor of. */
export type TwoFactorLevel = 'nobody' | 'admins' | 'everyone';

/** A panel's second-factor policy, and what sets it, for people. */
export interface TwoFactorPolicy {
  readonly level: TwoFactorLevel;
  readonly source: string;
}

/** The user a request is about. */
export interface TargetUser {
  readonly id: number;
  /** Holds any administrative power: its keys are guarded. */
  readonly isAdmin: boolean;
}

/** A node as the panel's Application API shows it. */
export interface NodeView {
  readonly id: number;
  /** The attributes of the panel's own `node` resource, in its order. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The short form of `meta.node`. */
  readonly summary: {
    readonly id: number;
    readonly uuid: string | null;
    readonly name: string;
    readonly fqdn: string;
  };
  /** Where the node stands; null where it has no location or the panel has none. */
  readonly location: { readonly id: number; readonly short: string; readonly long: string | null } | null;
}

/** What a node has room for, by the panel's own rule of overallocation. */
export interface NodeCapacity {
  readonly id: number;
  readonly isPublic: boolean;
  readonly isInMaintenance: boolean;
  /** Null on a panel without locations. */
  readonly locationId: number | null;
  /** Null on a panel without tags. */
  readonly tags: readonly string[] | null;
  /** Whether a server of this size fits besides those that are there, in MiB. */
  fits(memory: number, disk: number): boolean;
}

/**
 * The checks a request passes before its handler runs, in the order the panel makes them. The order decides
 * which of several errors a caller sees.
 */
export type Stage =
  | 'authenticate'
  | 'json'
  | 'twoFactor'
  | 'ipAccess'
  | 'throttle'
  | 'bind'
  | 'admin'
  | 'authorize';

/** All that differs from panel to panel. One folder beside this file holds each implementation. */
export interface Panel {
  /** Its name, for people. */
  readonly name: string;
  /** The five characters an account key's identifier begins with. */
  readonly accountKeyPrefix: string;
  readonly stages: readonly Stage[];
  /** The rate limit of its Application API. */
  readonly rateLimit: { readonly max: number; readonly periodMinutes: number };
  readonly clock: PanelClock;

  /** Encrypts a key's secret the way the panel stores it. */
  sealSecret(encrypter: Encrypter, secret: string): string;
  /** The secret within a stored token. @throws DecryptError where it is not one of this panel's. */
  openSecret(encrypter: Encrypter, token: string): string;

  /** Keys by identifier, as the database matches them: on some servers without regard to case. */
  findCredentials(queries: Queries, identifiers: readonly string[]): Promise<readonly Credential[]>;
  findUsers(queries: Queries, ids: readonly number[]): Promise<readonly TargetUser[]>;
  findNodes(queries: Queries, ids: readonly number[]): Promise<readonly NodeView[]>;
  /** Every node, or those named, with what they have room for. */
  findCapacities(queries: Queries, ids: readonly number[] | null): Promise<readonly NodeCapacity[]>;
  /** A number in SQL: 1 where the user with this id holds any administrative power, else 0. */
  adminFlag(userId: Expression<number>): RawBuilder<number>;
  /** The same of each row of `users` in a statement that has the table under this alias. */
  adminFlagOf(users: string): RawBuilder<number>;
  /** Whether the ACL lets this key use a resource at a level, the panel's exemptions included. */
  allows(credential: Credential, resource: Resource, level: number): boolean;

  /** Optional input fields for which null means the same as leaving them out. */
  readonly nullableFields: readonly string[];
  /** Columns of a new account key that only this panel has. */
  readonly newKeyColumns: Readonly<Record<string, unknown>>;
  /** Columns of a new activity row that only this panel wants written. */
  activityColumns(now: Date): Readonly<Record<string, unknown>>;
  /** The second-factor policy in force at the API. */
  twoFactorPolicy(queries: Queries): Promise<TwoFactorPolicy>;
}

/** How a panel is recognised and set up before its database is open. */
export interface PanelKind {
  readonly name: string;
  /** Every table and column this service reads or writes. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** The columns of the rows this service makes; every other must have a default. */
  readonly writtenColumns: Readonly<Record<string, readonly string[]>>;
  session(env: PanelEnv): SessionSettings;
  /** @param hasOwnTables Whether this service's own tables are there to be read with the panel's. */
  create(env: PanelEnv, hasOwnTables: boolean): Panel;
}
