import { migrationRequired } from '../api-error.ts';
import type { Services } from '../services.ts';
import { migrateCommand } from './presence.ts';

/** A hook that answers 501 where the own tables are not there. */
export function needsOwnTables({ hasOwnTables }: Services): () => Promise<void> {
  return async () => {
    if (!hasOwnTables) throw migrationRequired(migrateCommand);
  };
}
