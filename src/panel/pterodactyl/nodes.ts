import type { Kysely } from 'kysely';
import { SizedStatement } from '../../database/sized-statement.ts';
import type { PanelClock } from '../clock.ts';
import { createClock } from '../clock.ts';
import type { NodeView } from '../panel.ts';
import type { PterodactylTables } from './tables.ts';

/** The panel's transformers print a node's timestamps in UTC, whatever zone it runs in. */
const utc = createClock('UTC', 'UTC');

/** Reads nodes as the panel's own `node` resource shows them, with their locations, in one statement. */
export async function findNodes(
  queries: Kysely<PterodactylTables>,
  ids: readonly number[],
  clock: PanelClock,
): Promise<readonly NodeView[]> {
  const rows = await nodeRows.find(queries, ids);
  return rows.map((row) => toView(row, clock));
}

const nodeRows = new SizedStatement((queries: Kysely<PterodactylTables>, ids: readonly number[]) =>
  queries
    .selectFrom('nodes as n')
    .leftJoin('locations as l', 'l.id', 'n.location_id')
    .select([
      ...(['n.id', 'n.uuid', 'n.public', 'n.name', 'n.description', 'n.location_id', 'n.fqdn'] as const),
      ...(['n.scheme', 'n.behind_proxy', 'n.maintenance_mode', 'n.memory', 'n.memory_overallocate'] as const),
      ...(['n.disk', 'n.disk_overallocate', 'n.upload_size', 'n.daemonListen', 'n.daemonSFTP'] as const),
      ...(['n.daemonBase', 'n.created_at', 'n.updated_at', 'l.short', 'l.long'] as const),
    ])
    .select((build) => {
      const usedBy = (column: 'memory' | 'disk') =>
        build
          .selectFrom('servers as s')
          .select((inner) => inner.fn.sum(`s.${column}`).as('used'))
          .whereRef('s.node_id', '=', 'n.id');
      return [usedBy('memory').as('used_memory'), usedBy('disk').as('used_disk')];
    })
    .where('n.id', 'in', ids),
);

type NodeRow = Awaited<ReturnType<typeof nodeRows.find>>[number];

function toView(row: NodeRow, clock: PanelClock): NodeView {
  const timestamp = (text: string | null) => (text === null ? null : utc.format(clock.fromColumn(text)));
  return {
    id: row.id,
    attributes: {
      id: row.id,
      uuid: row.uuid,
      public: row.public !== 0,
      name: row.name,
      description: row.description,
      location_id: row.location_id,
      fqdn: row.fqdn,
      scheme: row.scheme,
      behind_proxy: row.behind_proxy !== 0,
      maintenance_mode: row.maintenance_mode !== 0,
      memory: row.memory,
      memory_overallocate: row.memory_overallocate,
      disk: row.disk,
      disk_overallocate: row.disk_overallocate,
      upload_size: row.upload_size,
      daemon_listen: row.daemonListen,
      daemon_sftp: row.daemonSFTP,
      daemon_base: row.daemonBase,
      created_at: timestamp(row.created_at),
      updated_at: timestamp(row.updated_at),
      // SUM answers null without rows, and as text on servers whose sums are decimals.
      allocated_resources: { memory: Number(row.used_memory ?? 0), disk: Number(row.used_disk ?? 0) },
    },
    summary: { id: row.id, uuid: row.uuid, name: row.name, fqdn: row.fqdn },
    location: row.short === null ? null : { id: row.location_id, short: row.short, long: row.long },
  };
}
