import { type MysqlLikePlace, sharedFolderOptions, sharedServerOptions } from './mysql-like-options.ts';

/**
 * The options that making a data folder and running on it must share. No configuration file of the machine
 * is read, so that the tests meet the same server everywhere.
 */
export function dataFolderOptions(folder: string): string[] {
  return [
    '--no-defaults',
    ...sharedFolderOptions(folder),
    '--innodb-log-file-size=16M',
    '--aria-pagecache-buffer-size=8M',
    '--key-buffer-size=1M',
  ];
}

/** The options of a running private server. */
export function serverOptions(place: MysqlLikePlace): string[] {
  return [
    ...dataFolderOptions(place.folder),
    ...sharedServerOptions(place),
    // Pelican's activity_logs.timestamp has no default; older servers would add one without this.
    '--explicit-defaults-for-timestamp=on',
  ];
}
