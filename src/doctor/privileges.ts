import { sql } from 'kysely';
import { newKeyRow } from '../api-keys/new-key-row.ts';
import { keyCreated, shellActor } from '../audit/activity.ts';
import { ActivityLog, AuditWriteError } from '../audit/activity-log.ts';
import type { Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { rolledBack } from '../database/rolled-back.ts';
import { firstLine } from '../operator-error.ts';
import { Encrypter } from '../panel/encrypter.ts';
import { type Check, fail, ok } from './check.ts';
import type { Findings } from './findings.ts';

/** Something the service does with the database. */
interface Operation {
  /** Completes "cannot …". */
  readonly name: string;
  run(queries: Queries): Promise<unknown>;
}

/** The account may do all that the service does: each thing is done, and rolled back. */
export const checkPrivileges: Check = {
  name: 'privileges',
  run: async (findings) => {
    const database = findings.database.get();
    const refused: string[] = [];
    const operations = [...reads(findings), ...writes(findings)];
    if ((await database.columns()).has('sidecar_holds')) operations.push(lockNode(findings));
    for (const { name, run } of operations) {
      try {
        await rolledBack(database, run);
      } catch (error) {
        if (classifyFailure(error) === 'unavailable') throw error;
        const cause = error instanceof AuditWriteError ? error.cause : error;
        refused.push(`cannot ${name}: ${firstLine(cause)}`);
      }
    }
    if (refused.length === 0) return ok('enough for all that the service does: tried, and rolled back');
    return fail(refused.join('; '), 'grant what is missing (README, "Least privilege")');
  },
};

/** Only ever written, apart from a row's id. */
const unreadTables = ['activity_logs', 'activity_log_subjects'];

function reads({ kind }: Findings): readonly Operation[] {
  return Object.entries(kind.get().columns)
    .filter(([table]) => !unreadTables.includes(table))
    .map(([table, columns]) => ({
      name: `read ${table}`,
      run: (queries) =>
        sql`select ${sql.join(columns.map(sql.ref))} from ${sql.table(table)} where 1 = 0`.execute(queries),
    }));
}

/** No row has this id. */
const nobody = 0;

/** What claims do, which need the own tables (`sidecar_holds` is one). */
function lockNode({ database }: Findings): Operation {
  return { name: 'lock a node', run: (queries) => database.get().lockNode(queries, nobody) };
}

function writes({ env, database: found, panel: foundPanel }: Findings): readonly Operation[] {
  const database = found.get();
  const panel = foundPanel.get();
  const now = panel.clock.toColumn(new Date());
  const identifier = `${panel.accountKeyPrefix}doctor`;
  return [
    { name: 'lock a user', run: (queries) => database.lockUser(queries, nobody) },
    {
      name: 'make a key',
      run: async (queries) => {
        const user = await queries.selectFrom('users').select('id').limit(sql.lit(1)).executeTakeFirst();
        if (user === undefined) return;
        const key = { identifier, secret: '', description: 'doctor', allowedIps: '[]', expiresAt: null };
        const row = newKeyRow(panel, new Encrypter(env.get().appKeys), user.id, key, now);
        await database.insertRow(queries, 'api_keys', row);
      },
    },
    {
      name: 'delete a key',
      run: (queries) => queries.deleteFrom('api_keys').where('id', '=', nobody).execute(),
    },
    {
      name: 'note when a key was used',
      run: (queries) =>
        queries
          .updateTable('api_keys')
          .set({ last_used_at: now, updated_at: now })
          .where('id', 'in', [nobody])
          .execute(),
    },
    {
      name: 'write the activity log',
      run: (queries) => {
        const activity = keyCreated(shellActor, nobody, { id: nobody, identifier });
        return new ActivityLog(database, panel).appendWithin(queries, activity);
      },
    },
  ];
}
