/** Where a private PostgreSQL keeps its files and listens. */
export type PostgresPlace = {
  readonly folder: string;
  /** The address it listens on. */
  readonly host: string;
  readonly port: number;
};

/** The options with which a data folder is made. The password of the administrator stands in `password`. */
export function initOptions(folder: string): string[] {
  return [
    `--pgdata=${folder}/data`,
    '--username=postgres',
    `--pwfile=${folder}/password`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    // The folder is thrown away with the machine's power, so it need not reach the disk before the first start.
    '--no-sync',
    '--no-instructions',
  ];
}

/** The options of a running private server. */
export function serverOptions({ folder, host, port }: PostgresPlace): string[] {
  const settings = {
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: folder,
    external_pid_file: `${folder}/server.pid`,
    shared_buffers: '32MB',
    max_connections: '300',
    // A commit costs here what it costs a real panel.
    fsync: 'on',
    synchronous_commit: 'on',
    // Far from UTC and from ISO, so that a connection which relies on the server's defaults is caught.
    timezone: 'Asia/Kathmandu',
    datestyle: 'German, DMY',
    default_transaction_isolation: 'repeatable read',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', `${folder}/data`, ...flags];
}
