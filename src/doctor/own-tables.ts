import { hasOwnTables, migrateCommand } from '../own-tables/presence.ts';
import { type Check, fail, ok } from './check.ts';

const switchedOff = [
  'scopes, references, looking at one key, changing, disabling and rotating keys, searching all keys',
  'revoking many at once, Idempotency-Key and webhooks',
].join(', ');

/** The service's own tables are there, or what goes without them. */
export const checkOwnTables: Check = {
  name: 'own tables',
  run: async ({ kind, database, settings, ownTables }) => {
    // Asked first: only in a panel's database is there anything to say of them.
    kind.get();
    if (hasOwnTables(await database.get().columns())) {
      ownTables.set(true);
      return ok('there, with every column needed');
    }
    const remedy = `run ${migrateCommand}`;
    if (settings.get().scopes.enforce) {
      return fail('none, so the service does not start: scopes.enforce needs them', remedy);
    }
    return ok(`none, so these are answered 501: ${switchedOff}; ${remedy} to have them`);
  },
};
