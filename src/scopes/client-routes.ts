/** One route of the panel's Client API. */
export interface ClientRoute {
  readonly method: string;
  /** Path below `/api/client`, cut at its slashes; `{name}` stands for any one part. */
  readonly parts: readonly string[];
  /** The panel's own permissions that the route checks; the last four of `power` by its body. */
  readonly permissions: readonly string[];
}

// Method, path below /api/client, and what the panel checks there. A route that is not here is refused to
// every key with scopes.
const table = `
  GET /
  GET /permissions
  GET /account
  GET /account/two-factor
  POST /account/two-factor
  POST /account/two-factor/disable
  PUT /account/email
  PUT /account/password
  GET /account/activity
  GET /account/api-keys
  POST /account/api-keys
  DELETE /account/api-keys/{identifier}
  GET /account/ssh-keys
  POST /account/ssh-keys
  POST /account/ssh-keys/remove
  GET /servers/{server}
  GET /servers/{server}/websocket websocket.connect
  GET /servers/{server}/resources
  GET /servers/{server}/activity activity.read
  POST /servers/{server}/command control.console
  POST /servers/{server}/power control.start control.stop control.restart control.kill
  GET /servers/{server}/databases database.read
  POST /servers/{server}/databases database.create
  POST /servers/{server}/databases/{database}/rotate-password database.update
  DELETE /servers/{server}/databases/{database} database.delete
  GET /servers/{server}/files/list file.read
  GET /servers/{server}/files/contents file.read-content
  GET /servers/{server}/files/download file.read-content
  PUT /servers/{server}/files/rename file.update
  POST /servers/{server}/files/copy file.create
  POST /servers/{server}/files/write file.create
  POST /servers/{server}/files/compress file.archive
  POST /servers/{server}/files/decompress file.create
  POST /servers/{server}/files/delete file.delete
  POST /servers/{server}/files/create-folder file.create
  POST /servers/{server}/files/chmod file.update
  POST /servers/{server}/files/pull file.create
  GET /servers/{server}/files/upload file.create
  GET /servers/{server}/schedules schedule.read
  POST /servers/{server}/schedules schedule.create
  GET /servers/{server}/schedules/{schedule} schedule.read
  POST /servers/{server}/schedules/{schedule} schedule.update
  POST /servers/{server}/schedules/{schedule}/execute schedule.update
  DELETE /servers/{server}/schedules/{schedule} schedule.delete
  POST /servers/{server}/schedules/{schedule}/tasks schedule.update
  POST /servers/{server}/schedules/{schedule}/tasks/{task} schedule.update
  DELETE /servers/{server}/schedules/{schedule}/tasks/{task} schedule.update
  GET /servers/{server}/network/allocations allocation.read
  POST /servers/{server}/network/allocations allocation.create
  POST /servers/{server}/network/allocations/{allocation} allocation.update
  POST /servers/{server}/network/allocations/{allocation}/primary allocation.update
  DELETE /servers/{server}/network/allocations/{allocation} allocation.delete
  GET /servers/{server}/users user.read
  POST /servers/{server}/users user.create
  GET /servers/{server}/users/{user} user.read
  POST /servers/{server}/users/{user} user.update
  DELETE /servers/{server}/users/{user} user.delete
  GET /servers/{server}/backups backup.read
  POST /servers/{server}/backups backup.create
  GET /servers/{server}/backups/{backup} backup.read
  GET /servers/{server}/backups/{backup}/download backup.download
  POST /servers/{server}/backups/{backup}/lock backup.delete
  POST /servers/{server}/backups/{backup}/restore backup.restore
  DELETE /servers/{server}/backups/{backup} backup.delete
  GET /servers/{server}/startup startup.read
  PUT /servers/{server}/startup/variable startup.update
  POST /servers/{server}/settings/rename settings.rename
  POST /servers/{server}/settings/reinstall settings.reinstall
  PUT /servers/{server}/settings/docker-image startup.docker-image
`;

/** Every route of the Client API that is known. */
export const clientRoutes: readonly ClientRoute[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [method = '', path = '', ...permissions] = line.trim().split(' ');
    return { method, parts: cutPath(path), permissions };
  });

/** Cuts a path at its slashes: `/a/b` has two parts, `/` none. */
export function cutPath(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}
