import { createConnection } from 'mysql2/promise';
import type { Cell } from '../support/cells.ts';
import { type Answer, type Sent, send } from '../support/client.ts';
import type { GaleraCluster } from '../support/galera-cluster.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { unlimited } from '../support/sidecar.ts';

/** A panel on a cluster, and two services that each write to a node of their own. */
export interface TwoWriters {
  /** By way of the first node. */
  readonly panel: PanelDatabase;
  readonly seed: PanelSeed;
  readonly services: readonly [RunningService, RunningService];
  /** Sends with a key that may do everything, to the services in turn. */
  send(index: number, request: Sent): Promise<Answer>;
  /** Resolves once each node has what the other has written. */
  settled(): Promise<void>;
  /** What the services have logged as a warning or worse. */
  troubles(): readonly string[];
  close(): Promise<void>;
}

/** @param env Variables of both services. */
export async function startTwoWriters(
  cell: Cell,
  { nodes }: GaleraCluster,
  { ownTables, env = {} }: { readonly ownTables: boolean; readonly env?: Readonly<Record<string, string>> },
): Promise<TwoWriters> {
  const panel = await createPanelDatabase(cell.panel, cell.on, nodes[0].address);
  if (ownTables) await migrateOwnTables(panel);
  const seed = new PanelSeed(panel);
  const key = await seed.key(await seed.user({ admin: true }));
  const settled = async () => {
    for (const { address } of nodes) await caughtUp(address.port);
  };
  await settled();
  // No time-out: what is to be seen is what the nodes do to each other, on a busy machine too.
  const patient = { SIDECAR_DATABASE_TIMEOUT_MS: '30000' };
  const start = (node: 0 | 1) =>
    startService(panel.folder, {
      env: { ...unlimited, ...patient, ...env, DB_PORT: String(nodes[node].address.port) },
    });
  const services = [await start(0), await start(1)] as const;
  return {
    ...{ panel, seed, services, settled },
    send: (index, request) => send(services[index % 2 === 0 ? 0 : 1].url, { key: key.bearer, ...request }),
    troubles: () =>
      services
        .flatMap(({ log }) => log)
        .filter((line) => (JSON.parse(line) as { level: number }).level >= 40),
    async close() {
      for (const service of services) await service.stop();
      await panel.drop();
    },
  };
}

/** Resolves once a node has all that was written anywhere. */
async function caughtUp(port: number): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
  await connection.query('set session wsrep_sync_wait = 15');
  await connection.query('select count(*) from mysql.user');
  await connection.end();
}
