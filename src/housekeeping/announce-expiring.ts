import { sql } from 'kysely';
import { classifyFailure } from '../database/errors.ts';
import type { Services } from '../services.ts';
import {
  hasEnded,
  isRotatedOut,
  type StoredKey,
  selectKeys,
  toStoredKey,
} from '../stored-keys/stored-key.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Keys looked at, and at most announced, at once. */
const batchSize = 200;

/** A key with an end, and the end that was announced for it, in Unix milliseconds. */
interface EndingKey {
  readonly id: number;
  readonly userId: number;
  readonly identifier: string | null;
  readonly endsAt: number;
  readonly announcedEnd: number | null;
}

/**
 * Tells webhooks, once for each key and end, of the keys that end within the configured days. A disabled key
 * is told of once it is enabled, one that has been replaced never: its end was decided when it was replaced.
 *
 * @param signal Ends the work early; the rest is for the next time.
 */
export async function announceExpiring(services: Services, now: Date, signal: AbortSignal): Promise<void> {
  if (!services.endpoints.some(({ events }) => events.has('expiring'))) return;
  await forgetEnded(services, now);
  let lastId = 0;
  while (!signal.aborted) {
    const { keys, lastId: next } = await findEnding(services, now, lastId);
    await announce(
      services,
      keys.filter(({ announcedEnd, endsAt }) => announcedEnd !== endsAt),
    );
    if (next === null) return;
    lastId = next;
  }
}

/** Of a key that has ended nothing more will be announced. A day's grace, for clocks that differ. */
async function forgetEnded({ database }: Services, now: Date): Promise<void> {
  await database.queries
    .deleteFrom('sidecar_announcements')
    .where('ends_at', '<=', now.getTime() - dayMs)
    .execute();
}

/** The next keys by row id that end soon, and the id to go on from; null at the end. */
async function findEnding({ database, panel, settings }: Services, now: Date, afterId: number) {
  const until = new Date(now.getTime() + settings.webhooks.expiring_days * dayMs);
  // The panel's column is local time, which daylight saving shifts: wide here, exact below.
  const columnFrom = panel.clock.toColumn(new Date(now.getTime() - dayMs));
  const columnUntil = panel.clock.toColumn(new Date(until.getTime() + dayMs));
  const rows = await selectKeys(database.queries, true)
    .leftJoin('sidecar_announcements as a', 'a.api_key_id', 'k.id')
    .select('a.ends_at as announced_end')
    .where('k.id', '>', afterId)
    .where(
      sql<boolean>`((k.expires_at >= ${columnFrom} and k.expires_at <= ${columnUntil})
        or (o.expires_at > ${now.getTime()} and o.expires_at <= ${until.getTime()}))`,
    )
    .orderBy('k.id')
    .limit(sql.lit(batchSize))
    .execute();
  const keys = rows.flatMap(({ announced_end, ...row }) => {
    const key = toStoredKey(row, panel.clock);
    const announcedEnd = announced_end === null ? null : Number(announced_end);
    return endsBetween(key, now, until) ? [{ ...key, endsAt: key.expiresAt.getTime(), announcedEnd }] : [];
  });
  const last = rows.length === batchSize ? rows.at(-1) : undefined;
  return { keys, lastId: last?.id ?? null };
}

function endsBetween(
  key: StoredKey,
  now: Date,
  until: Date,
): key is StoredKey & { readonly expiresAt: Date } {
  if (key.expiresAt === null || hasEnded(key, now) || key.expiresAt > until) return false;
  return !key.own.isDisabled && !isRotatedOut(key);
}

/** Notes the ends and queues their events as one. Another process that does so at the same time comes first. */
async function announce({ database, outbox }: Services, keys: readonly EndingKey[]): Promise<void> {
  if (keys.length === 0) return;
  try {
    await database.transaction(async (queries) => {
      for (const { id, announcedEnd } of keys) {
        if (announcedEnd === null) continue;
        await queries
          .deleteFrom('sidecar_announcements')
          .where('api_key_id', '=', id)
          .where('ends_at', '=', announcedEnd)
          .execute();
      }
      const rows = keys.map(({ id, endsAt }) => ({ api_key_id: id, ends_at: endsAt }));
      await queries.insertInto('sidecar_announcements').values(rows).execute();
      const events = keys.map(({ identifier, userId }) => ({
        ...({ type: 'expiring', userId } as const),
        identifier: identifier ?? '',
      }));
      await outbox.enqueueWithin(queries, events);
    });
  } catch (error) {
    // What the other process has not announced of these is looked at again the next time.
    if (classifyFailure(error) !== 'duplicate') throw error;
  }
}
