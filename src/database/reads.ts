import type { Database, Queries } from './database.ts';
import { classifyFailure } from './errors.ts';

/** How long a replica that failed is left alone, in milliseconds. */
const restMs = 1000;

/** Told when a replica fails, with why, and when it is used again. */
export interface ReplicaEvents {
  onAway(error: unknown): void;
  onBack(): void;
}

/**
 * Reads that may be a little behind: lists. They go to a replica where there is one, and to the primary while
 * it fails. Authentication, single rows and whatever follows a change do not come here but go to the primary.
 */
export class Reads {
  readonly #primary: Database;
  readonly #replica: Database | null;
  readonly #events: ReplicaEvents;
  #returning: NodeJS.Timeout | null = null;

  constructor(primary: Database, replica: Database | null, events: ReplicaEvents) {
    this.#primary = primary;
    this.#replica = replica;
    this.#events = events;
  }

  /** Whether there is a replica, away or not. */
  get hasReplica(): boolean {
    return this.#replica !== null;
  }

  /** Runs `read`, which must do nothing but read: it may run twice. */
  async run<Result>(read: (queries: Queries) => Promise<Result>): Promise<Result> {
    if (this.#replica === null || this.#returning !== null) return read(this.#primary.queries);
    try {
      return await read(this.#replica.queries);
    } catch (error) {
      const isAway = classifyFailure(error) === 'unavailable';
      // At once, so that nobody else waits for it in vain.
      if (isAway) this.#leave(this.#replica, error);
      const result = await read(this.#primary.queries);
      // What the primary can do is the replica's own fault: it may lack a table, or the account a right on it.
      if (!isAway) this.#leave(this.#replica, error);
      return result;
    }
  }

  /** Closes the connections to the replica. */
  async close(): Promise<void> {
    if (this.#returning !== null) clearTimeout(this.#returning);
    await this.#replica?.close();
  }

  #leave(replica: Database, error: unknown): void {
    if (this.#returning !== null) return;
    this.#events.onAway(error);
    this.#awaitReturn(replica);
  }

  /** Has no caller wait for a replica that may still be away. */
  #awaitReturn(replica: Database): void {
    this.#returning = setTimeout(async () => {
      try {
        await replica.ping();
      } catch {
        this.#awaitReturn(replica);
        return;
      }
      this.#returning = null;
      this.#events.onBack();
    }, restMs).unref();
  }
}
