import type { Settings } from '../config/settings.ts';
import type { Database } from '../database/database.ts';
import type { DatabaseLimits } from '../database/limits.ts';
import { atHost, explainConnectFailure, openDatabase } from '../database/open.ts';
import { ownTableColumns } from '../database/own-tables.ts';
import { hasOwnTables } from '../own-tables/presence.ts';
import { panelTableNames } from '../panel/detect.ts';
import type { DatabaseSettings } from '../panel/env/database-settings.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';
import type { Panel, PanelKind } from '../panel/panel.ts';
import { type FoundPanel, findPanel } from './find-panel.ts';

/** The panel found, over its open database. */
export interface OpenPanel {
  readonly database: Database;
  /** A copy of it to read lists from (DB_READ_HOST), or null. */
  readonly replica: Database | null;
  readonly panel: Panel;
  /** Whether this service's own tables are there. */
  readonly hasOwnTables: boolean;
}

/** Every table a statement may name, without prefix. */
const tableNames = [...panelTableNames, ...Object.keys(ownTableColumns)];

/**
 * Connects to the panel's database, finds out which panel it is, and sets the sessions up for it.
 *
 * @param ownTables Whether own tables that are not complete are an error.
 * @throws OperatorError where the database can't be used or belongs to no known panel.
 */
export async function openPanel(
  env: PanelEnv,
  settings: Settings,
  { ownTables }: { readonly ownTables: 'whole-or-none' | 'any' } = { ownTables: 'whole-or-none' },
): Promise<OpenPanel> {
  const { kind, visible } = await detect(env, settings);
  const isMigrated = ownTables === 'any' ? visible.has('sidecar_keys') : hasOwnTables(visible);
  const limits = databaseLimits(settings);
  const database = await openDatabase(env.database, limits, kind.session(env), tableNames);
  try {
    // The first connection shows whether the session can be set up as the panel needs it.
    await database.ping();
    const replica = await openReplica(env, limits, kind);
    return { database, replica, panel: kind.create(env, isMigrated), hasOwnTables: isMigrated };
  } catch (error) {
    await database.close();
    throw explainConnectFailure(error, env.database);
  }
}

/** Closes every connection to it. */
export async function closePanel({ database, replica }: OpenPanel): Promise<void> {
  await replica?.close();
  await database.close();
}

async function detect(env: PanelEnv, settings: Settings): Promise<FoundPanel> {
  const limits = { ...databaseLimits(settings), poolSize: 1 };
  const database = await openDatabase(env.database, limits, { timeZone: null }, tableNames);
  try {
    return await findPanel(database);
  } catch (error) {
    throw explainConnectFailure(error, env.database);
  } finally {
    await database.close();
  }
}

/** The settings' bounds of connections to the database. */
export function databaseLimits({ database }: Settings): DatabaseLimits {
  return { timeoutMs: database.timeout_ms, poolSize: database.pool_size };
}

/** Not tried here: a service whose replica is away does without it. */
async function openReplica(env: PanelEnv, limits: DatabaseLimits, kind: PanelKind): Promise<Database | null> {
  const settings = replicaSettings(env);
  if (settings === null) return null;
  // Whoever waits for it in vain must then still get an answer from the primary.
  const timeoutMs = Math.ceil(limits.timeoutMs / 2);
  return openDatabase(settings, { ...limits, timeoutMs }, kind.session(env), tableNames);
}

/** Where the replica is that lists are read from, or null. A file has none. */
export function replicaSettings({ database, readHost }: PanelEnv): DatabaseSettings | null {
  return readHost === null || database.driver === 'sqlite' ? null : atHost(database, readHost);
}
