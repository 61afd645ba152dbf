import { deleteKeysWithin } from '../api-keys/delete-keys.ts';
import { shellActor } from '../audit/activity.ts';
import { createLogger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import { migrateDown, migrateUp } from '../own-tables/migrate.ts';
import { createServices } from '../services.ts';
import { closePanel, type OpenPanel, openPanel } from '../startup/open-panel.ts';
import { dependentKeys } from '../stored-keys/dependent-keys.ts';
import { note } from './output.ts';
import { type Context, loadContext, type PanelOptions } from './panel-context.ts';

/** Options of `migrate`. */
export interface MigrateOptions extends PanelOptions {
  readonly down?: boolean;
  readonly revokeThem?: boolean;
}

/** Makes the own tables, or removes them. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const context = loadContext(options);
  const opened = await openPanel(context.env, context.settings, { ownTables: 'any' });
  try {
    if (options.down) {
      if (opened.hasOwnTables) await settleDependentKeys(context, opened, options.revokeThem === true);
      await migrateDown(opened.database, ({ version }) => note(`removed step ${version}`));
      note('the own tables are gone');
      return;
    }
    await migrateUp(opened.database, ({ version, title }) => note(`step ${version}: ${title}`));
    note('the own tables are there; restart the service to use them');
  } catch (error) {
    throw deniedCodes.has((error as { code?: unknown }).code) ? deniedAdvice() : error;
  } finally {
    await closePanel(opened);
  }
}

/** What MySQL and PostgreSQL call an account that lacks a right. */
const deniedCodes = new Set<unknown>([
  ...['ER_TABLEACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', '42501'],
]);

function deniedAdvice(): OperatorError {
  return new OperatorError(
    "this database account may not make or remove tables: run this with the panel's own DB_USERNAME and DB_PASSWORD",
  );
}

/**
 * Keys whose limits stand in the own tables must not be set free by removing them.
 *
 * @throws OperatorError unless they may be revoked.
 */
async function settleDependentKeys(
  { env, settings }: Context,
  opened: OpenPanel,
  mayRevoke: boolean,
): Promise<void> {
  const services = createServices(env, settings, opened, createLogger('warn', process.stderr));
  const keys = await dependentKeys(opened.database, opened.panel);
  if (keys.length === 0) return;
  if (!mayRevoke) {
    throw new OperatorError(
      `${keys.length} keys are confined, disabled or replaced, which would be forgotten: revoke them first, or add --revoke-them`,
    );
  }
  const { database } = services;
  await database.transaction((queries) => deleteKeysWithin(services, queries, shellActor, keys));
  note(`revoked ${keys.length} keys`);
}
