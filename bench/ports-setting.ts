import { createConnection } from 'mysql2/promise';
import { MariadbServer } from '../test/support/mariadb-server.ts';
import { type PortPanel, startPortPanel } from '../test/support/port-panel.ts';

/** Ports on the large node. */
export const portsOnNode = 1_000_000;
/** Part of them that servers have. */
export const takenShare = 0.9;

/** A panel with one very large node, and the service beside it. */
export interface PortsSetting extends PortPanel {
  readonly node: number;
  readonly databaseVersion: string;
  /** Runs a statement of the panel's as the panel would: on a connection of its own, unprepared. */
  query(sql: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a private MariaDB, a panel and a service, and fills the node; the same ports are taken each time. */
export async function createPortsSetting(): Promise<PortsSetting> {
  const server = await MariadbServer.start();
  const { address } = server;
  const cell = { panel: 'pterodactyl', on: 'mariadb' } as const;
  const started = await startPortPanel(cell, { address, env: { SIDECAR_CLAIMS_MAX_HELD: '100000' } });
  const { panel, seed } = started;
  const node = await seed.node();
  const [first = 0] = await seed.ports(node, [{ ip: '192.0.2.1', port: 1024 }]);
  // A second one, or lists across nodes would be of one.
  await seed.ports(await seed.node(), [{ ip: '192.0.2.2', port: 1024 }]);
  const owner = await seed.server(node, [first]);
  await panel.execute(
    `insert into allocations (node_id, ip, port, server_id)
     select ${node}, concat('10.', seq div 250000, '.', seq div 1000 % 250, '.1'), 20000 + seq % 1000,
       if(rand(20261124) < ${takenShare}, ${owner}, null)
     from seq_0_to_${portsOnNode - 1}`,
  );
  await panel.query('analyze table allocations');
  const [facts] = await panel.query('select database() as name, version() as version');
  const { host, port, rootUser: user, rootPassword: password } = address;
  const connection = await createConnection({ host, port, user, password, database: String(facts?.name) });
  return {
    ...started,
    ...{ node, databaseVersion: `MariaDB ${facts?.version}` },
    query: async (sql) => (await connection.query(sql))[0],
    async stop() {
      await connection.end();
      await started.close();
      await server.stop();
    },
  };
}
