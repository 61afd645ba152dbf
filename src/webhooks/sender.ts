import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database/database.ts';
import type { Logger } from '../logging.ts';
import type { Metrics } from '../metrics.ts';
import { Delivery, notConfigured } from './delivery.ts';
import { type Endpoint, readAuthority } from './endpoint.ts';
import { MessageStore } from './message-store.ts';

/** Pause of an endpoint for which nothing is due, in milliseconds. */
const pollMs = 1000;
/** Pause where the database fails, in milliseconds. */
const failurePauseMs = 5000;
const minuteMs = 60_000;
/** How long a message may be overdue before a process that does not know its endpoint gives it up. */
const patienceMs = 10 * minuteMs;
/** How long a message that was given up can be looked at, in milliseconds. */
const keptMs = 30 * 24 * 60 * minuteMs;

/** What the sender works with. */
export interface SenderParts {
  readonly database: Database;
  readonly endpoints: readonly Endpoint[];
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Sends what the outbox holds, until it is stopped. Several processes may do so over one database. */
export class WebhookSender {
  readonly #parts: SenderParts;
  readonly #store: MessageStore;
  readonly #deliveries: readonly Delivery[];
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  /** @throws OperatorError for a ca_file that can't be used */
  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#store = new MessageStore(parts.database);
    const { logger, metrics } = parts;
    this.#deliveries = parts.endpoints.map(
      (endpoint) => new Delivery({ store: this.#store, logger, metrics }, endpoint, readAuthority(endpoint)),
    );
  }

  start(): void {
    const sending = this.#deliveries.map((delivery) =>
      this.#repeat(async () => ((await delivery.sendDue()) > 0 ? 0 : pollMs)),
    );
    const tidying = this.#repeat(async () => {
      await this.#tidy(Date.now());
      return minuteMs;
    });
    this.#running = Promise.all([...sending, tidying]);
  }

  /** Begins nothing new, and waits for the tries under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** @param step Answers with the pause until it is to be taken again, in milliseconds. */
  async #repeat(step: () => Promise<number>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const pauseMs = await step().catch((error: unknown) => {
        this.#parts.metrics.backgroundFailures.inc({ task: 'webhooks' });
        this.#parts.logger.warn({ err: error }, 'webhooks could not be worked on; it is tried again');
        return failurePauseMs;
      });
      // The pause ends early, by being rejected, when the sender is stopped.
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tidy(now: number): Promise<void> {
    const { endpoints, logger, metrics } = this.#parts;
    const urls = endpoints.map(({ url }) => url);
    const count = await this.#store.abandonOthers(urls, now - patienceMs, notConfigured);
    if (count > 0) {
      metrics.webhooks.inc({ outcome: 'dead' }, count);
      logger.error({ count }, 'webhook messages were given up: their endpoint is no longer configured');
    }
    await this.#store.forgetDead(now - keptMs);
  }
}
