import { sql } from 'kysely';
import { classifyFailure } from '../database/errors.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
import type { Findings } from './findings.ts';

/**
 * Whose key to make: the one who was named, else whoever has least to lose.
 *
 * @returns Row id, or null where there is nobody.
 * @throws OperatorError for an admin.
 */
export async function findThrowAwayOwner(services: Services, { target }: Findings): Promise<number | null> {
  if (target.owner === undefined) return findHarmlessUser(services);
  const { id } = await target.owner(services);
  const user = await services.users.load(id);
  if (user?.isAdmin !== false) throw new OperatorError(`user ${id} is an admin: choose another by --user`);
  return id;
}

async function findHarmlessUser({ database, panel }: Services): Promise<number | null> {
  try {
    const { rows } = await sql<{ id: number }>`select candidate.id from ${sql.table('users')} as candidate
      where ${panel.adminFlag(sql.ref('candidate.id'))} = 0
        and not exists (select 1 from ${sql.table('servers')} as s where s.owner_id = candidate.id)
      order by candidate.id limit 1`.execute(database.queries);
    return rows[0]?.id ?? null;
  } catch (error) {
    if (classifyFailure(error) === 'unavailable') throw error;
    // An account with least privilege may not see whose a server is.
    return null;
  }
}
