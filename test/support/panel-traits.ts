import type { Dialect } from '../../src/demo/schema/types.ts';
import type { PanelName } from './cells.ts';
import { pelicanTraits } from './pelican-traits.ts';
import { pterodactylTraits } from './pterodactyl-traits.ts';
import type { Row } from './test-database.ts';

/** A check that a request passes; what it finds wrong decides the answer if no earlier one finds anything. */
export type Check =
  | 'target'
  | 'key'
  | 'json'
  | 'twoFactor'
  | 'address'
  | 'throttle'
  | 'admin'
  | 'acl'
  | 'input';

/** What tests expect of one panel where the panels differ. */
export interface PanelTraits {
  /** As the program names it. */
  readonly name: string;
  /** The five characters that identifiers begin with. */
  readonly prefixes: { readonly account: string; readonly application: string };
  /** In the order in which the panel makes them; one that is absent is never made. */
  readonly checks: readonly Check[];
  /** Requests a minute where nothing is set. */
  readonly rateLimit: number;
  /** How the panel stores that a key may be used from anywhere. */
  readonly unrestricted: string | null;
  /** All that may be stored and restricts nothing. */
  readonly openLists: readonly (string | null)[];
  /** What `allowed_ips: null` leads to: the lists that are stored, and the rules that it breaks. */
  readonly nullAllowedIps: { readonly stored: readonly string[]; readonly rules: readonly unknown[] };
  /** The text that is encrypted and stored of a secret. */
  plaintext(secret: string): string;
  /** The columns of a new account key that the other panel lacks. */
  newKeyColumns(dialect: Dialect): Row;
  /** The columns of an activity row that nobody writes. */
  readonly idleActivityColumns: Row;
  /** What `meta.node` shows as the location of a node that a test made. */
  locationOf(node: { readonly id: number }): unknown;
  /** The keys of `meta.node` for who may read nodes and no locations. */
  readonly nodeInfoWithoutLocations: readonly string[];
}

/** By the panel's name. */
export const panelTraits: Readonly<Record<PanelName, PanelTraits>> = {
  pterodactyl: pterodactylTraits,
  pelican: pelicanTraits,
};
