import { setTimeout as delay } from 'node:timers/promises';
import { adminSession, envValueOf } from '../support/admin-session.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import type { PanelDatabase } from '../support/panel-database.ts';
import { connectAsService, type ServiceConnection } from '../support/service-connection.ts';

/** A way for a database to be away. It lasts for some time, and resolves when the database could answer again. */
export type Fault = (milliseconds: number) => Promise<void>;

/** What can befall a server. */
export const serverFaultNames = [
  'that is restarted',
  'that is frozen',
  'that refuses connections',
  'that has no connection left',
] as const;

/** What can befall a file. */
export const fileFaultNames = ['that another program keeps locked'] as const;

/** Any of them. */
export type FaultName = (typeof serverFaultNames | typeof fileFaultNames)[number];

/** The faults of a panel's server. */
export function serverFaults(
  server: DatabaseServer,
  panel: PanelDatabase,
): Readonly<Record<(typeof serverFaultNames)[number], Fault>> {
  return {
    'that is restarted': () => server.restart(),
    async 'that is frozen'(milliseconds) {
      const goOn = await server.pause();
      await delay(milliseconds);
      goOn();
    },
    async 'that refuses connections'(milliseconds) {
      await server.halt('SIGKILL');
      await delay(milliseconds);
      await server.start();
    },
    async 'that has no connection left'(milliseconds) {
      const giveBack = await (panel.dialect === 'mysql'
        ? takeAllConnections(panel)
        : allowNoConnections(panel));
      await delay(milliseconds);
      await giveBack();
    },
  };
}

/** The faults of a panel's file. */
export function fileFaults(panel: PanelDatabase): Readonly<Record<(typeof fileFaultNames)[number], Fault>> {
  return {
    async 'that another program keeps locked'(milliseconds) {
      const session = await adminSession(panel);
      await session.query('begin exclusive');
      await delay(milliseconds);
      await session.query('rollback');
      await session.end();
    },
  };
}

/** Lowers max_connections to the least that MariaDB takes, and takes them all in the service's name. */
async function takeAllConnections(panel: PanelDatabase): Promise<() => Promise<void>> {
  const least = 10;
  const user = envValueOf(panel, 'DB_USERNAME');
  const taken: ServiceConnection[] = [];
  const own = new Set<number>();
  await panel.execute(`set global max_connections = ${least}`);
  // The administrator's own count too, but one more is always let in.
  while (taken.length < least - 1) {
    const rows = await panel.query('select id from information_schema.processlist where user = ?', [user]);
    for (const { id } of rows) if (!own.has(Number(id))) await panel.execute(`kill ${id}`).catch(() => 0);
    const connection = await connectAsService(panel).catch(() => null);
    if (connection === null) continue;
    const [row] = (await connection.query('select connection_id() as id')) as { id: number }[];
    own.add(Number(row?.id));
    taken.push(connection);
  }
  return async () => {
    await panel.execute('set global max_connections = 300');
    await Promise.all(taken.map((connection) => connection.end()));
  };
}

/** PostgreSQL can lower what a role may have, but not max_connections, while it runs. Both are refused alike. */
async function allowNoConnections(panel: PanelDatabase): Promise<() => Promise<void>> {
  const user = envValueOf(panel, 'DB_USERNAME');
  await panel.execute(`alter role ${user} connection limit 0`);
  await panel.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = ?', [user]);
  return async () => void (await panel.execute(`alter role ${user} connection limit -1`));
}
