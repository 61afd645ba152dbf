/** Where a private MariaDB keeps its files and listens. */
export type MariadbPlace = {
  readonly folder: string;
  readonly socket: string;
  readonly port: number;
};

/**
 * The options that making a data folder and running on it must share. No configuration file of the machine
 * is read, so that the tests meet the same server everywhere.
 */
export function dataFolderOptions(folder: string): string[] {
  return [
    '--no-defaults',
    `--datadir=${folder}/data`,
    // A server that starts removes temporary tables that it finds, another server's too where they share a folder.
    `--tmpdir=${folder}`,
    '--skip-name-resolve',
    '--innodb-log-file-size=16M',
    '--innodb-buffer-pool-size=64M',
    '--aria-pagecache-buffer-size=8M',
    '--key-buffer-size=1M',
    // The server refuses to run as root unless told so; as anybody else it must not be told.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}

/** The options of a running private server. */
export function serverOptions({ folder, socket, port }: MariadbPlace): string[] {
  return [
    ...dataFolderOptions(folder),
    `--socket=${socket}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--pid-file=${folder}/server.pid`,
    `--log-error=${folder}/error.log`,
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    // A commit costs here what it costs a real panel.
    '--innodb-flush-log-at-trx-commit=1',
    '--performance-schema=off',
    '--max-connections=300',
    // Pelican's activity_logs.timestamp has no default; older servers would add one without this.
    '--explicit-defaults-for-timestamp=on',
    // Far from UTC, so that a connection which forgets to set its own zone is caught.
    '--default-time-zone=+05:30',
  ];
}
