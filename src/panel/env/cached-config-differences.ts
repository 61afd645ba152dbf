import { parseAppKey } from './app-key.ts';
import type { CachedConfig } from './cached-config.ts';
import type { DatabaseSettings } from './database-settings.ts';
import type { PanelEnv } from './panel-env.ts';

/**
 * Where the panel's cached configuration, which the panel obeys, says something else than the environment,
 * which the service reads: APP_KEY, time zone, database.
 *
 * @returns one sentence per difference; secrets are named, never shown
 */
export function cachedConfigDifferences(cached: CachedConfig, env: PanelEnv): string[] {
  if (!cached.readable) return [`The panel's cached configuration can't be read: ${cached.reason}.`];
  return [
    ...(isSameKey(cached.appKey, env.appKeys[0])
      ? []
      : ["The APP_KEY in the panel's cached configuration is not the one in the environment."]),
    ...valueDifference('time zone', cached.timeZone, env.timeZone),
    ...databaseDifferences(cached.database, env.database),
  ];
}

function isSameKey(cached: string | null, key: Buffer): boolean {
  try {
    return cached !== null && parseAppKey(cached).equals(key);
  } catch {
    return false;
  }
}

function databaseDifferences(cached: DatabaseSettings | null, current: DatabaseSettings): string[] {
  if (cached === null)
    return ["The panel's cached configuration has no database connection of a known kind."];
  // Between two kinds of database every further field differs too.
  if (cached.driver !== current.driver) {
    return valueDifference('database connection', cached.connection, current.connection);
  }
  const fields = addressOf(current);
  return [
    ...valueDifference('database connection', cached.connection, current.connection),
    ...addressOf(cached).flatMap(([name, value], index) =>
      valueDifference(name, value, fields[index]?.[1] ?? null),
    ),
    ...(passwordOf(cached) === passwordOf(current)
      ? []
      : ["The database password in the panel's cached configuration is not the one in the environment."]),
  ];
}

/** The fields that tell which database it is, in an order that depends on the driver only. */
function addressOf(settings: DatabaseSettings): [string, string | null][] {
  if (settings.driver === 'sqlite') return [['database file', settings.file]];
  return [
    ['database host', settings.host],
    ['database port', String(settings.port)],
    ['database socket', settings.driver === 'mysql' ? settings.socket : null],
    ['database name', settings.database],
    ['database user', settings.user],
  ];
}

function passwordOf(settings: DatabaseSettings): string | null {
  return settings.driver === 'sqlite' ? null : settings.password;
}

function valueDifference(name: string, cached: string | null, current: string | null): string[] {
  if (cached === current) return [];
  const shown = (value: string | null) => (value === null ? 'not set' : JSON.stringify(value));
  return [
    `The ${name} in the panel's cached configuration is ${shown(cached)}, in the environment ${shown(current)}.`,
  ];
}
