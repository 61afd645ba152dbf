import { type MysqlLikePlace, sharedFolderOptions, sharedServerOptions } from './mysql-like-options.ts';

/** The options that making a data folder and running on it must share. */
export function dataFolderOptions(folder: string): string[] {
  return [
    ...sharedFolderOptions(folder),
    // Debian's folder for files, which has to be there before anything starts, is not.
    '--secure-file-priv=NULL',
    '--innodb-redo-log-capacity=32M',
  ];
}

/** The options of a running private server. */
export function serverOptions(place: MysqlLikePlace): string[] {
  return [...dataFolderOptions(place.folder), ...sharedServerOptions(place), '--mysqlx=OFF'];
}
