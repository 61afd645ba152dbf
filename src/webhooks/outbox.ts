import { randomUUID } from 'node:crypto';
import type { Queries } from '../database/database.ts';
import type { Endpoint } from './endpoint.ts';
import type { KeyEvent } from './event.ts';

/** Where events wait to be delivered. */
export interface Outbox {
  /** Queues an event for every webhook that wants it, in the transaction of the change it tells of. */
  enqueueWithin(queries: Queries, events: readonly KeyEvent[]): Promise<void>;
}

/** The outbox of a service without webhooks. */
export const noOutbox: Outbox = {
  async enqueueWithin() {},
};

/** Messages written with one statement. */
const batchSize = 500;

/** The outbox in the own table: one message for each event and endpoint. */
export function createOutbox(endpoints: readonly Pick<Endpoint, 'url' | 'events'>[]): Outbox {
  return {
    async enqueueWithin(queries, events) {
      const now = new Date();
      const rows = events.flatMap((event) =>
        endpoints
          .filter((endpoint) => endpoint.events.has(event.type))
          .map(({ url }) => ({
            message_id: `msg_${randomUUID()}`,
            endpoint: url,
            body: bodyOf(event, now),
            next_attempt_at: now.getTime(),
            ...{ attempts: 0, claimed_until: 0, last_error: null, created_at: now.getTime() },
          })),
      );
      for (let start = 0; start < rows.length; start += batchSize) {
        const batch = rows.slice(start, start + batchSize);
        await queries.insertInto('sidecar_outbox').values(batch).execute();
      }
    },
  };
}

/** What receivers read. Nothing in it opens anything: an identifier is no secret. */
function bodyOf({ type, identifier, userId }: KeyEvent, now: Date): string {
  return JSON.stringify({ type, timestamp: now.toISOString(), data: { identifier, user_id: userId } });
}
