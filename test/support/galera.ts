import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { MariadbServer, type SystemUser } from './mariadb-server.ts';
import { freePort } from './private-server.ts';

const run = promisify(execFile);

/** Debian puts the library of its package `galera-4` there, which `mariadb-server` brings along. */
const provider = '/usr/lib/galera/libgalera_smm.so';

/** Two nodes of a Galera cluster, both of which take changes. */
export interface GaleraCluster {
  readonly nodes: readonly [MariadbServer, MariadbServer];
  /** Has the first node go on without the second. */
  goOnAlone(): Promise<void>;
  /** How often the nodes found that another one was first to change a row. */
  conflicts(): Promise<number>;
  /** Ends both. */
  stop(): Promise<void>;
}

/** Starts a cluster. @throws Error with the end of a node's log where it does not come up */
export async function startGalera(): Promise<GaleraCluster> {
  const port = await freePort();
  const first = await startNode('gcomm://', port);
  const second = await startNode(`gcomm://127.0.0.1:${port}`, await freePort()).catch(async (error) => {
    await first.stop();
    throw error;
  });
  const nodes = [first, second] as const;
  return {
    nodes,
    async goOnAlone() {
      await ask(first, "set global wsrep_provider_options = 'pc.bootstrap=YES'");
    },
    async conflicts() {
      const counts = await Promise.all(nodes.map(conflictsOf));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async stop() {
      // In order, each would first hand over to the other.
      await Promise.all(nodes.map((node) => node.halt('SIGKILL')));
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** @param port of the node's line to the others */
async function startNode(cluster: string, port: number): Promise<MariadbServer> {
  const [changes, state] = [await freePort(), await freePort()];
  const options = [
    ...['gcache.size=16M', `gmcast.listen_addr=tcp://127.0.0.1:${port}`],
    `ist.recv_addr=127.0.0.1:${changes}`,
  ].join(';');
  const user = await serverUser();
  return MariadbServer.start({
    ...(user === null ? {} : { user }),
    options: [
      ...['--wsrep-on=ON', `--wsrep-provider=${provider}`, `--wsrep-provider-options=${options}`],
      ...[`--wsrep-cluster-address=${cluster}`, `--wsrep-node-address=127.0.0.1:${port}`],
      ...['--wsrep-sst-method=rsync', `--wsrep-sst-receive-address=127.0.0.1:${state}`],
      ...['--binlog-format=ROW', '--innodb-autoinc-lock-mode=2'],
    ],
  });
}

/** A node gets its data from rsync, which as root would write them as nobody. */
async function serverUser(): Promise<SystemUser | null> {
  if (process.getuid?.() !== 0) return null;
  const idOf = async (flag: string) => Number((await run('id', [flag, 'mysql'])).stdout);
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

async function ask({ address }: MariadbServer, sql: string): Promise<readonly RowDataPacket[]> {
  const { host, port, rootUser: user, rootPassword: password } = address;
  const connection = await createConnection({ host, port, user, password });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    connection.destroy();
  }
}

async function conflictsOf(node: MariadbServer): Promise<number> {
  const rows = await ask(
    node,
    "show status where variable_name in ('wsrep_local_cert_failures', 'wsrep_local_bf_aborts')",
  );
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
}
