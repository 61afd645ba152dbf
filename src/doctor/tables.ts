import { hasOwnTables } from '../own-tables/presence.ts';
import { findPanel } from '../startup/find-panel.ts';
import { type Check, ok } from './check.ts';

/** The database is one of a panel this service knows, with every table and column it needs. */
export const checkTables: Check = {
  name: 'tables',
  run: async ({ env, database, kind, panel }) => {
    const opened = database.get();
    const { kind: found, visible } = await findPanel(opened);
    kind.set(found);
    panel.set(found.create(env.get(), hasOwnTables(visible)));
    return ok(`${found.name}, with every table and column needed`);
  },
};
