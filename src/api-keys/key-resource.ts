import type { Services } from '../services.ts';
import { selectKeys } from '../stored-keys/stored-key.ts';

/** Whether a user still has an account key of exactly this identifier. */
export async function keyResourceExists(
  { database }: Services,
  userId: number,
  identifier: string,
): Promise<boolean> {
  const rows = await selectKeys(database.queries, false)
    .where('k.user_id', '=', userId)
    .where('k.identifier', '=', identifier)
    .execute();
  return rows.some((row) => row.identifier === identifier);
}
