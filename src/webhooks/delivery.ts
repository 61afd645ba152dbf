import type { Logger } from '../logging.ts';
import type { Metrics } from '../metrics.ts';
import { retryDelay } from './backoff.ts';
import type { Endpoint } from './endpoint.ts';
import type { ClaimedMessage, MessageStore } from './message-store.ts';
import { post } from './post.ts';

/** Why a message whose endpoint has left the configuration is given up. */
export const notConfigured = 'the endpoint is no longer configured';

/** Messages of one endpoint sent at the same time. */
const parallel = 4;

/** What sending works with. */
export interface DeliveryParts {
  readonly store: MessageStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Sends the messages of one endpoint. Each endpoint has its own, so that a slow one holds up no other. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #endpoint: Endpoint;
  readonly #authority: string | null;

  constructor(parts: DeliveryParts, endpoint: Endpoint, authority: string | null) {
    this.#parts = parts;
    this.#endpoint = endpoint;
    this.#authority = authority;
  }

  /** Sends a few messages that are due, and answers with how many; none means that there is time for a pause. */
  async sendDue(): Promise<number> {
    const messages = await this.#parts.store.claimDue(this.#endpoint.url, parallel, Date.now());
    const outcomes = await Promise.allSettled(messages.map((message) => this.#send(message)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return messages.length;
  }

  async #send(message: ClaimedMessage): Promise<void> {
    const { store, metrics } = this.#parts;
    // A database that compares without regard to case also finds what is meant for another address.
    if (message.endpoint !== this.#endpoint.url) return await this.#giveUp(message, notConfigured);
    const result = await post(this.#endpoint, this.#authority, message);
    if (result.isDelivered) {
      await store.remove(message);
      metrics.webhooks.inc({ outcome: 'delivered' });
      return;
    }
    metrics.webhooks.inc({ outcome: 'failed' });
    const delay = retryDelay(message.attempts + 1, Math.random());
    if (delay === null) return await this.#giveUp(message, result.reason);
    await store.release(message, Date.now() + delay, result.reason);
    this.#parts.logger.warn(
      { ...this.#describe(message, result.reason), retryInSeconds: Math.round(delay / 1000) },
      'a webhook message could not be delivered; it is tried again',
    );
  }

  async #giveUp(message: ClaimedMessage, reason: string): Promise<void> {
    const { store, logger, metrics } = this.#parts;
    await store.release(message, null, reason);
    metrics.webhooks.inc({ outcome: 'dead' });
    logger.error(this.#describe(message, reason), 'a webhook message was given up');
  }

  #describe({ messageId, attempts }: ClaimedMessage, reason: string) {
    return { endpoint: this.#endpoint.host, messageId, attempt: attempts + 1, reason };
  }
}
