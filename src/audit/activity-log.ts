import type { Insertable } from 'kysely';
import { Batcher, inFewSizes } from '../database/batcher.ts';
import type { Database, Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { withConflictRetries } from '../database/retry.ts';
import type { ActivityLogsTable } from '../database/tables.ts';
import type { Panel } from '../panel/panel.ts';
import { phpJson } from '../panel/php-json.ts';
import type { Activity, Subject } from './activity.ts';
import { createInsertActivities } from './insert-activities.ts';

/** An activity could not be written, so what it tells of must not happen. Callers get 503. */
export class AuditWriteError extends Error {
  override name = 'AuditWriteError';
}

/** The columns of every row; a panel may want more. */
const columns = ['event', 'ip', 'actor_type', 'actor_id', 'api_key_id', 'properties'];

/** Writes to the panel's activity log. */
export class ActivityLog {
  readonly #database: Database;
  readonly #panel: Panel;
  readonly #appends: Batcher<Activity, undefined>;

  constructor(database: Database, panel: Panel) {
    this.#database = database;
    this.#panel = panel;
    const insert = createInsertActivities([...columns, ...Object.keys(panel.activityColumns(new Date()))]);
    this.#appends = new Batcher(async (activities) => {
      const own = panel.activityColumns(new Date());
      const rows = activities.map((activity) => toRow(activity, own));
      await withConflictRetries(() => insert(database.queries, rows));
      return activities.map(() => undefined);
    }, inFewSizes);
  }

  /**
   * Writes an activity of its own, resolving once it is committed. Activities without subjects that are
   * written at the same time share one statement.
   *
   * @throws AuditWriteError
   */
  async append(activity: Activity): Promise<void> {
    if (activity.subjects.length > 0) {
      await this.#database.transaction((queries) => this.appendWithin(queries, activity));
      return;
    }
    try {
      await this.#appends.load(activity);
    } catch (error) {
      throw new AuditWriteError('the activity log could not be written', { cause: error });
    }
  }

  /**
   * Writes an activity as part of the caller's transaction, with the change that it tells of.
   *
   * @throws AuditWriteError, or the driver's own error where the whole transaction may be run again.
   */
  async appendWithin(queries: Queries, activity: Activity): Promise<void> {
    try {
      const row = toRow(activity, this.#panel.activityColumns(new Date()));
      const id = await this.#database.insertRow(queries, 'activity_logs', row);
      await this.#insertSubjects(queries, id, activity.subjects);
    } catch (error) {
      if (classifyFailure(error) === 'conflict') throw error;
      throw new AuditWriteError('the activity log could not be written', { cause: error });
    }
  }

  async #insertSubjects(queries: Queries, activityId: number, subjects: readonly Subject[]): Promise<void> {
    if (subjects.length === 0) return;
    const rows = subjects.map(({ type, id }) => ({
      activity_log_id: activityId,
      subject_type: type,
      subject_id: id,
    }));
    await queries.insertInto('activity_log_subjects').values(rows).execute();
  }
}

/** @param own What only this panel wants written. */
function toRow(
  { event, actor, properties }: Activity,
  own: Readonly<Record<string, unknown>>,
): Insertable<ActivityLogsTable> {
  return {
    event,
    ip: actor.ip,
    actor_type: actor.userId === null ? null : 'user',
    actor_id: actor.userId,
    api_key_id: actor.apiKeyId,
    properties: phpJson(properties),
    ...own,
  };
}
