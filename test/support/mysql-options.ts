/** Where a private MySQL keeps its files and listens. */
export type MysqlPlace = {
  readonly folder: string;
  readonly socket: string;
  /** The address it listens on. */
  readonly host: string;
  readonly port: number;
};

/** The options that making a data folder and running on it must share. */
export function dataFolderOptions(folder: string): string[] {
  return [
    `--datadir=${folder}/data`,
    `--tmpdir=${folder}`,
    // Debian's folder for files, which has to be there before anything starts, is not.
    '--secure-file-priv=NULL',
    '--skip-name-resolve',
    '--innodb-redo-log-capacity=32M',
    '--innodb-buffer-pool-size=64M',
    '--performance-schema=OFF',
    // The server refuses to run as root unless told so; as anybody else it must not be told.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}

/** The options of a running private server. */
export function serverOptions({ folder, socket, host, port }: MysqlPlace): string[] {
  return [
    ...dataFolderOptions(folder),
    `--socket=${socket}`,
    `--bind-address=${host}`,
    `--port=${port}`,
    '--mysqlx=OFF',
    `--pid-file=${folder}/server.pid`,
    `--log-error=${folder}/error.log`,
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--max-connections=300',
    // Far from UTC, so that a connection which forgets to set its own zone is caught.
    '--default-time-zone=+05:30',
  ];
}
