/** Where a private MariaDB or MySQL keeps its files and listens. */
export type MysqlLikePlace = {
  readonly folder: string;
  readonly socket: string;
  /** The address it listens on. */
  readonly host: string;
  readonly port: number;
};

/** The options that making a data folder and running on it must share, whichever of the two it is. */
export function sharedFolderOptions(folder: string): string[] {
  return [
    `--datadir=${folder}/data`,
    // A server that starts removes temporary tables that it finds, another server's too where they share a folder.
    `--tmpdir=${folder}`,
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    // The server refuses to run as root unless told so; as anybody else it must not be told.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}

/** The options of a running private server, whichever of the two it is. */
export function sharedServerOptions({ folder, socket, host, port }: MysqlLikePlace): string[] {
  return [
    `--socket=${socket}`,
    `--bind-address=${host}`,
    `--port=${port}`,
    `--pid-file=${folder}/server.pid`,
    `--log-error=${folder}/error.log`,
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    // A commit costs here what it costs a real panel.
    '--innodb-flush-log-at-trx-commit=1',
    '--performance-schema=OFF',
    '--max-connections=300',
    // Far from UTC, so that a connection which forgets to set its own zone is caught.
    '--default-time-zone=+05:30',
  ];
}
