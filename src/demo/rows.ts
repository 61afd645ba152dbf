import { phpJson } from '../panel/php-json.ts';
import type { CellValue } from './demo-kind.ts';
import type { DemoKey, DemoPort } from './seed.ts';

/** A row of the demo panel, by column. */
export type Row = Readonly<Record<string, CellValue>>;

const hour = 3_600_000;

/** Column text of a moment this many hours ago; both panels' demos are in UTC. */
export function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * hour).toISOString().slice(0, 19).replace('T', ' ');
}

/** The two columns that say when a row was made, for one made this many days ago. */
export function times(days: number): Row {
  return { created_at: hoursAgo(days * 24), updated_at: hoursAgo(days * 24) };
}

/** The columns of a key that both panels have. @param seal Encrypts a secret as the panel stores it. */
export function commonKeyColumns(key: DemoKey, seal: (secret: string) => string): Row {
  const { identifier, userId, type, description, allowedIps, daysOld, hoursSinceUse } = key;
  return {
    ...{ identifier, user_id: userId, key_type: type === 'account' ? 1 : 2, token: seal(key.secret) },
    ...{ memo: description, allowed_ips: phpJson(allowedIps), ...times(daysOld) },
    last_used_at: hoursSinceUse === null ? null : hoursAgo(hoursSinceUse),
  };
}

/** A port's row, the same in both panels. */
export function portRow({ id, nodeId, ip, alias, port, notes, serverId }: DemoPort): Row {
  return { id, node_id: nodeId, ip, ip_alias: alias, port, notes, server_id: serverId, ...times(300) };
}
