import type { Settings } from '../config/settings.ts';
import type { Logger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import { dependentKeys } from '../stored-keys/dependent-keys.ts';
import type { OpenPanel } from './open-panel.ts';

/**
 * Makes sure that no key is worth more than it says: scopes need the own tables, and keys with scopes need
 * enforcement.
 *
 * @throws OperatorError
 */
export async function requireScopesHold({
  database,
  panel,
  hasOwnTables,
  settings,
  logger,
}: Pick<OpenPanel, 'database' | 'panel' | 'hasOwnTables'> & {
  readonly settings: Settings;
  readonly logger: Logger;
}): Promise<void> {
  if (settings.scopes.enforce) {
    if (!hasOwnTables) {
      throw new OperatorError(`scopes.enforce needs the own tables: run ${migrateCommand}`);
    }
    const permissions = settings.api_key.default_permissions.join(', ');
    logger.info(`new keys that name no permissions get the defaults: ${permissions}`);
    return;
  }
  if (!hasOwnTables) return;
  const scoped = (await dependentKeys(database, panel)).filter(({ own }) => own.permissions !== null);
  if (scoped.length === 0) return;
  throw new OperatorError(
    `${scoped.length} keys have scopes, which nothing enforces while scopes.enforce is false: set it, or revoke them`,
  );
}
