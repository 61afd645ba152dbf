import type { PanelDatabase } from '../support/panel-database.ts';
import type { RecordedEffects } from './recording.ts';

/**
 * What a request left in the database, in the shape of the recordings, and the rows only this service writes.
 *
 * @param seededKeys the largest id among the keys that were there before
 * @param ownColumns columns of a key that this panel alone has, as far as they are recorded
 */
export async function effectsOf(
  panel: PanelDatabase,
  seededKeys: number,
  ownColumns: readonly string[],
): Promise<RecordedEffects & { readonly own: readonly string[] }> {
  const keys = await panel.query(
    `select user_id, key_type, identifier, memo, allowed_ips, expires_at, ${ownColumns} from api_keys where id > ?`,
    [seededKeys],
  );
  const [left] = await panel.query('select count(*) as n from api_keys where id <= ?', [seededKeys]);
  const activity = await panel.query(
    'select id, event, actor_type, actor_id, api_key_id, ip, description, properties from activity_logs order by id',
  );
  const subjects = await panel.query('select subject_type from activity_log_subjects order by id');
  const isOwn = (event: unknown) => /\.view$|^api:refused$/.test(String(event));
  return {
    newKeys: keys.map(({ identifier, permissions, ...row }) => ({
      ...row,
      ...(permissions === undefined ? {} : { permissions: JSON.parse(String(permissions)) }),
      idlen: String(identifier).length,
      prefix: String(identifier).slice(0, 5),
    })),
    seededKeysLeft: Number(left?.n),
    activity: activity
      .filter(({ event }) => !isOwn(event))
      .map(({ event, actor_type, actor_id, api_key_id, ip, description, properties }) => ({
        ...{ event, actor_type, actor_id },
        has_key: api_key_id === null ? 0 : 1,
        ...{ ip, description },
        properties: JSON.parse(String(properties)),
      })),
    // They are a set: nobody reads them in an order.
    subjects: subjects.map(({ subject_type }) => String(subject_type)).sort(),
    own: activity.filter(({ event }) => isOwn(event)).map(({ event }) => String(event)),
  };
}
