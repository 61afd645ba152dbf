/**
 * Names a key's permissions are given by: three that stand for groups of routes, then the panel's own names
 * of what a server's subuser may do.
 */
export const permissionNames = [
  ...['user.read', 'server.read', 'server.write'],
  ...['activity.read', 'websocket.connect'],
  ...['control.console', 'control.start', 'control.stop', 'control.restart', 'control.kill'],
  ...['user.create', 'user.update', 'user.delete'],
  ...['file.create', 'file.read', 'file.read-content', 'file.update', 'file.delete', 'file.archive'],
  ...['backup.create', 'backup.read', 'backup.delete', 'backup.download', 'backup.restore'],
  ...['allocation.read', 'allocation.create', 'allocation.update', 'allocation.delete'],
  ...['startup.read', 'startup.update', 'startup.docker-image'],
  ...['database.create', 'database.read', 'database.update', 'database.delete', 'database.view_password'],
  ...['schedule.create', 'schedule.read', 'schedule.update', 'schedule.delete'],
  ...['settings.rename', 'settings.reinstall'],
];
