import type { Queries } from '../database/database.ts';

/** What happened to a key. */
export type KeyEventType = 'created' | 'rotated' | 'revoked' | 'expiring';

/** An event that webhooks are told. */
export interface KeyEvent {
  readonly type: KeyEventType;
  readonly identifier: string;
  readonly userId: number;
}

/** Where events wait to be delivered. */
export interface Outbox {
  /** Queues an event for every webhook that wants it, in the transaction of the change it tells of. */
  enqueueWithin(queries: Queries, events: readonly KeyEvent[]): Promise<void>;
}

/** The outbox of a service without webhooks. */
export const noOutbox: Outbox = {
  async enqueueWithin() {},
};
