import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import { hasOwnTables, migrateCommand } from '../own-tables/presence.ts';
import { readAuthority, readEndpoints } from '../webhooks/endpoint.ts';
import { type Check, ok, warn } from './check.ts';

/** Most kinds of failure that are told apart. */
const mostKinds = 10;

/** Webhooks can be sent, and none had to be given up. */
export const checkWebhooks: Check = {
  name: 'webhooks',
  run: async ({ settings, database, kind }) => {
    const endpoints = readEndpoints(settings.get().webhooks);
    for (const endpoint of endpoints) readAuthority(endpoint);
    // Asked first: own tables that are not whole are that check's to report.
    kind.get();
    const opened = database.get();
    if (!hasOwnTables(await opened.columns())) {
      if (endpoints.length === 0) return ok('none');
      return warn('configured, but without the own tables none are sent', `run ${migrateCommand}`);
    }
    const givenUp = await findGivenUp(opened.queries);
    if (givenUp.length > 0) {
      return warn(
        `messages were given up: ${givenUp.join('; ')}`,
        'mend what stops them, then send them again or delete them (README, "Webhooks")',
      );
    }
    return ok(endpoints.length === 0 ? 'none' : `sent to ${endpoints.map(({ host }) => host).join(', ')}`);
  },
};

/** What was given up, by host and reason. */
async function findGivenUp(queries: Queries): Promise<readonly string[]> {
  const kinds = await queries
    .selectFrom('sidecar_outbox')
    .select(['endpoint', 'last_error', (expressions) => expressions.fn.countAll().as('count')])
    .where('next_attempt_at', 'is', null)
    .groupBy(['endpoint', 'last_error'])
    .orderBy('endpoint')
    .orderBy('last_error')
    .limit(sql.lit(mostKinds))
    .execute();
  return kinds.map(({ endpoint, last_error, count }) => {
    return `${count} for ${new URL(endpoint).host} (${last_error ?? 'unknown'})`;
  });
}
