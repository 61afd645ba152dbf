import type { Database } from '../database/database.ts';
import { withConflictRetries } from '../database/retry.ts';
import type { PanelClock } from '../panel/clock.ts';

/**
 * Notes when keys were used, as the panel does, at most once per key and second. It runs behind the answers:
 * a lost note costs a second of precision, never a request.
 */
export class LastUsedRecorder {
  readonly #database: Database;
  readonly #clock: PanelClock;
  readonly #onFailure: (error: unknown) => void;
  #second = 0;
  readonly #noted = new Set<number>();
  #pending = new Map<number, Date>();
  #writing: Promise<void> | null = null;

  constructor(database: Database, clock: PanelClock, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /** Notes that the key with this row id was used. Returns at once. */
  note(credentialId: number, now: Date): void {
    const second = Math.floor(now.getTime() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#noted.clear();
    }
    if (this.#noted.has(credentialId)) return;
    this.#noted.add(credentialId);
    this.#pending.set(credentialId, now);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything noted so far is written. */
  async drain(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending.size > 0) {
      const pending = this.#pending;
      this.#pending = new Map();
      try {
        await this.#update(pending);
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#writing = null;
  }

  async #update(pending: ReadonlyMap<number, Date>): Promise<void> {
    const byTime = Map.groupBy(pending, ([, usedAt]) => this.#clock.toColumn(usedAt));
    for (const [text, keys] of byTime) {
      // In id order, so that two processes that note the same keys lock them in the same order.
      const ids = keys.map(([id]) => id).sort((a, b) => a - b);
      const update = this.#database.queries
        .updateTable('api_keys')
        .set({ last_used_at: text, updated_at: text })
        .where('id', 'in', ids);
      await withConflictRetries(() => update.execute());
    }
  }
}
