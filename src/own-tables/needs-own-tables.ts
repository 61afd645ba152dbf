import { migrationRequired } from '../api-error.ts';
import { migrateCommand } from './presence.ts';

/** A hook that answers 501 where the own tables are not there. */
export function needsOwnTables(hasOwnTables: boolean): () => Promise<void> {
  return async () => {
    if (!hasOwnTables) throw migrationRequired(migrateCommand);
  };
}
