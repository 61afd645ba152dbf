import { join } from 'node:path';
import { serverOptions } from './mariadb-options.ts';

/** Where a node of a private cluster keeps its files and listens. */
export type GaleraPlace = {
  readonly folder: string;
  /** Path of Galera's library. */
  readonly provider: string;
  readonly port: number;
  /** Where nodes talk to each other, and where they send what another has missed, in parts and in whole. */
  readonly gcommPort: number;
  readonly istPort: number;
  readonly sstPort: number;
  /** Where a node that runs talks; null begins a cluster. */
  readonly donorPort: number | null;
};

/** Options without the one that lets a server run as root: a node runs as another user. */
export function notAsRoot(options: readonly string[]): string[] {
  return options.filter((option) => option !== '--user=root');
}

/** The options of a running node. */
export function galeraOptions(place: GaleraPlace): string[] {
  const { folder, port, gcommPort, istPort, sstPort, donorPort } = place;
  const provider = {
    'gmcast.listen_addr': `tcp://127.0.0.1:${gcommPort}`,
    'ist.recv_addr': `127.0.0.1:${istPort}`,
    'gcache.size': '16M',
  };
  return [
    ...notAsRoot(serverOptions({ folder, host: '127.0.0.1', port, socket: join(folder, 'server.sock') })),
    // What Galera asks for.
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--wsrep-on=ON',
    `--wsrep-provider=${place.provider}`,
    `--wsrep-provider-options=${Object.entries(provider)
      .map((option) => option.join('='))
      .join(';')}`,
    '--wsrep-cluster-name=panel-sidecar-tests',
    `--wsrep-node-name=port-${port}`,
    `--wsrep-node-address=127.0.0.1:${gcommPort}`,
    `--wsrep-node-incoming-address=127.0.0.1:${port}`,
    '--wsrep-sst-method=rsync',
    `--wsrep-sst-receive-address=127.0.0.1:${sstPort}`,
    ...(donorPort === null
      ? ['--wsrep-new-cluster', '--wsrep-cluster-address=gcomm://']
      : [`--wsrep-cluster-address=gcomm://127.0.0.1:${donorPort}`]),
  ];
}
