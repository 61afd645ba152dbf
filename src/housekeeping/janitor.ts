import { sql } from 'kysely';
import { deleteKeysWithin } from '../api-keys/delete-keys.ts';
import { shellActor } from '../audit/activity.ts';
import { forgetClaims, settleEnded } from '../claims/ended-claims.ts';
import type { Services } from '../services.ts';
import { selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { announceExpiring } from './announce-expiring.ts';
import { deleteLeftKeys } from './left-keys.ts';
import { RowsWithoutKey } from './rows-without-key.ts';

const intervalMs = 2000;
/** How often keys that end soon are looked for, which reads all keys, in milliseconds. */
const announceIntervalMs = 60_000;
/** Most keys deleted with one transaction. */
const batchSize = 100;

/**
 * Work that has its time: keys whose grace has ended and those that `doctor` has left are deleted, own rows without
 * a key cleared, ends announced, old answers forgotten, and claims that have ended let go of their ports.
 */
export class Janitor {
  readonly #services: Services;
  readonly #rowsWithoutKey: RowsWithoutKey;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #announcedAt = 0;
  readonly #stopping = new AbortController();

  constructor(services: Services) {
    this.#services = services;
    this.#rowsWithoutKey = new RowsWithoutKey(services.database);
  }

  /** Begins; without the own tables there is nothing to do. */
  start(): void {
    if (!this.#services.hasOwnTables) return;
    this.#timer = setInterval(() => {
      this.#running ??= this.#round().finally(() => {
        this.#running = null;
      });
    }, intervalMs);
    this.#timer.unref();
  }

  /** Ends, once the round under way has. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  /** One that fails keeps none of the others from its work. */
  async #round(): Promise<void> {
    const { database, idempotency } = this.#services;
    await this.#attempt(() => deleteEndedKeys(this.#services, Date.now()));
    await this.#attempt(() => deleteLeftKeys(this.#services, Date.now()));
    await this.#attempt(() => this.#rowsWithoutKey.clear(Date.now()));
    await this.#attempt(() => idempotency.forgetOld());
    await this.#attempt(() => this.#announce(Date.now()));
    await this.#attempt(() => settleEnded(database));
    await this.#attempt(() => forgetClaims(database));
  }

  async #attempt(task: () => Promise<void>): Promise<void> {
    const { logger, metrics } = this.#services;
    try {
      await task();
    } catch (error) {
      metrics.backgroundFailures.inc({ task: 'housekeeping' });
      logger.warn({ err: error }, 'housekeeping failed; it is tried again');
    }
  }

  async #announce(now: number): Promise<void> {
    if (now - this.#announcedAt < announceIntervalMs) return;
    await announceExpiring(this.#services, new Date(now), this.#stopping.signal);
    this.#announcedAt = now;
  }
}

/** Deletes the keys that have been replaced and whose grace has ended, each with its activity. */
export async function deleteEndedKeys(services: Services, now: number): Promise<void> {
  const { database, panel } = services;
  const rows = await selectKeys(database.queries, true)
    .where(sql<boolean>`o.rotated_to is not null and o.expires_at <= ${now}`)
    .limit(sql.lit(batchSize))
    .execute();
  const ended = rows.map((row) => toStoredKey(row, panel.clock));
  if (ended.length === 0) return;
  await database.transaction((queries) => deleteKeysWithin(services, queries, shellActor, ended));
}
