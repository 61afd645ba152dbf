import { dependentKeys } from '../api-keys/dependent-keys.ts';
import { OperatorError } from '../operator-error.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import type { Services } from '../services.ts';

/**
 * Makes sure that no key is worth more than it says: scopes need the own tables, and keys with scopes need
 * enforcement.
 *
 * @throws OperatorError
 */
export async function requireScopesHold(services: Services): Promise<void> {
  const { settings, hasOwnTables, logger } = services;
  if (settings.scopes.enforce) {
    if (!hasOwnTables) {
      throw new OperatorError(`scopes.enforce needs the own tables: run ${migrateCommand}`);
    }
    const permissions = settings.api_key.default_permissions.join(', ');
    logger.info(`new keys that name no permissions get the defaults: ${permissions}`);
    return;
  }
  if (!hasOwnTables) return;
  const scoped = (await dependentKeys(services)).filter(({ own }) => own.permissions !== null);
  if (scoped.length === 0) return;
  throw new OperatorError(
    `${scoped.length} keys have scopes, which nothing enforces while scopes.enforce is false: set it, or revoke them`,
  );
}
