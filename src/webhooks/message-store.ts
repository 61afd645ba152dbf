import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { withConflictRetries } from '../database/retry.ts';

/** How long a sender has a message to itself, in milliseconds: longer than a try and its bookkeeping take. */
const leaseMs = 20_000;

/** A message that this process alone may send until the claim ends. */
export interface ClaimedMessage {
  readonly id: number;
  readonly messageId: string;
  readonly endpoint: string;
  readonly body: string;
  /** Tries that have failed. */
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly claimedUntil: number;
}

/** The messages of the outbox, from the senders' side. Times are Unix milliseconds. */
export class MessageStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Claims messages for an endpoint whose time has come, the most overdue first. Of several processes that
   * see the same message, the first to write its claim has it.
   */
  async claimDue(endpoint: string, limit: number, now: number): Promise<readonly ClaimedMessage[]> {
    const due = await this.#database.queries
      .selectFrom('sidecar_outbox')
      .select(['id', 'message_id', 'endpoint', 'body', 'attempts', 'claimed_until'])
      .where('endpoint', '=', endpoint)
      .where('next_attempt_at', '<=', now)
      .where('claimed_until', '<=', now)
      .orderBy('next_attempt_at')
      .orderBy('id')
      .limit(sql.lit(limit))
      .execute();
    const claimed: ClaimedMessage[] = [];
    for (const row of due) {
      const claimedUntil = now + leaseMs;
      if (!(await this.#claim(row, claimedUntil))) continue;
      const { id, message_id: messageId, body, attempts } = row;
      claimed.push({ id, messageId, endpoint: row.endpoint, body, attempts, claimedUntil });
    }
    return claimed;
  }

  /** Whether the row is this process's now: whoever else had it meanwhile has changed what was read of it. */
  async #claim(
    row: { readonly id: number; readonly attempts: number; readonly claimed_until: number },
    claimedUntil: number,
  ): Promise<boolean> {
    try {
      const { numUpdatedRows } = await this.#database.queries
        .updateTable('sidecar_outbox')
        .set({ claimed_until: claimedUntil })
        .where('id', '=', row.id)
        .where('claimed_until', '=', row.claimed_until)
        .where('attempts', '=', row.attempts)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    } catch (error) {
      // Some servers refuse the later of two writers rather than showing it what the first one wrote.
      if (classifyFailure(error) === 'conflict') return false;
      throw error;
    }
  }

  /** Forgets a message that was delivered. */
  async remove(message: ClaimedMessage): Promise<void> {
    await withConflictRetries(() =>
      this.#database.queries
        .deleteFrom('sidecar_outbox')
        .where('id', '=', message.id)
        .where('claimed_until', '=', message.claimedUntil)
        .execute(),
    );
  }

  /** Notes a failed try and lets go of the message. @param nextAttemptAt Null where it was the last try. */
  async release(message: ClaimedMessage, nextAttemptAt: number | null, reason: string): Promise<void> {
    await withConflictRetries(() =>
      this.#database.queries
        .updateTable('sidecar_outbox')
        .set({
          attempts: message.attempts + 1,
          next_attempt_at: nextAttemptAt,
          claimed_until: 0,
          last_error: reason,
        })
        .where('id', '=', message.id)
        .where('claimed_until', '=', message.claimedUntil)
        .execute(),
    );
  }

  /**
   * Gives up messages for other endpoints than these that should have been sent before `dueBefore`.
   *
   * @returns How many.
   */
  async abandonOthers(endpoints: readonly string[], dueBefore: number, reason: string): Promise<number> {
    const { numUpdatedRows } = await withConflictRetries(() =>
      this.#database.queries
        .updateTable('sidecar_outbox')
        .set({ next_attempt_at: null, last_error: reason })
        .where('next_attempt_at', '<=', dueBefore)
        .where('claimed_until', '<=', dueBefore)
        .$if(endpoints.length > 0, (query) => query.where('endpoint', 'not in', endpoints))
        .executeTakeFirstOrThrow(),
    );
    return Number(numUpdatedRows);
  }

  /** Forgets messages that were given up and are older than `createdBefore`. */
  async forgetDead(createdBefore: number): Promise<void> {
    await withConflictRetries(() =>
      this.#database.queries
        .deleteFrom('sidecar_outbox')
        .where('next_attempt_at', 'is', null)
        .where('created_at', '<=', createdBefore)
        .execute(),
    );
  }
}
