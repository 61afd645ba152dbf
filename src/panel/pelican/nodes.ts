import type { Kysely } from 'kysely';
import { SizedStatement } from '../../database/sized-statement.ts';
import type { PanelClock } from '../clock.ts';
import type { NodeView } from '../panel.ts';
import type { PelicanTables } from './tables.ts';

/** Reads nodes as the panel's own `node` resource shows them, in one statement. */
export async function findNodes(
  queries: Kysely<PelicanTables>,
  ids: readonly number[],
  clock: PanelClock,
): Promise<readonly NodeView[]> {
  const rows = await nodeRows.find(queries, ids);
  return rows.map((row) => toView(row, clock));
}

const nodeRows = new SizedStatement((queries: Kysely<PelicanTables>, ids: readonly number[]) =>
  queries
    .selectFrom('nodes as n')
    .select([
      ...(['n.id', 'n.uuid', 'n.public', 'n.name', 'n.description', 'n.fqdn', 'n.scheme'] as const),
      ...(['n.behind_proxy', 'n.maintenance_mode', 'n.memory', 'n.memory_overallocate', 'n.disk'] as const),
      ...(['n.disk_overallocate', 'n.cpu', 'n.cpu_overallocate', 'n.upload_size'] as const),
      ...(['n.daemon_listen', 'n.daemon_sftp', 'n.daemon_sftp_alias', 'n.daemon_base'] as const),
      ...(['n.daemon_connect', 'n.tags', 'n.created_at', 'n.updated_at'] as const),
    ])
    .select((build) => {
      const usedBy = (column: 'memory' | 'disk' | 'cpu') =>
        build
          .selectFrom('servers as s')
          .select((inner) => inner.fn.sum(`s.${column}`).as('used'))
          .whereRef('s.node_id', '=', 'n.id');
      return [
        usedBy('memory').as('used_memory'),
        usedBy('disk').as('used_disk'),
        usedBy('cpu').as('used_cpu'),
      ];
    })
    .where('n.id', 'in', ids),
);

type NodeRow = Awaited<ReturnType<typeof nodeRows.find>>[number];

function toView(row: NodeRow, clock: PanelClock): NodeView {
  const timestamp = (text: string | null) => (text === null ? null : clock.format(clock.fromColumn(text)));
  return {
    id: row.id,
    attributes: {
      id: row.id,
      uuid: row.uuid,
      public: row.public !== 0,
      name: row.name,
      description: row.description,
      fqdn: row.fqdn,
      scheme: row.scheme,
      behind_proxy: Boolean(row.behind_proxy),
      maintenance_mode: Boolean(row.maintenance_mode),
      memory: row.memory,
      memory_overallocate: row.memory_overallocate,
      disk: row.disk,
      disk_overallocate: row.disk_overallocate,
      cpu: row.cpu,
      cpu_overallocate: row.cpu_overallocate,
      upload_size: row.upload_size,
      daemon_listen: row.daemon_listen,
      daemon_sftp: row.daemon_sftp,
      daemon_sftp_alias: row.daemon_sftp_alias,
      daemon_base: row.daemon_base,
      created_at: timestamp(row.created_at),
      updated_at: timestamp(row.updated_at),
      tags: readTags(row.tags),
      daemon_connect: row.daemon_connect,
      // SUM answers null without rows, and as text on servers whose sums are decimals.
      allocated_resources: {
        memory: Number(row.used_memory ?? 0),
        disk: Number(row.used_disk ?? 0),
        cpu: Number(row.used_cpu ?? 0),
      },
    },
    summary: { id: row.id, uuid: row.uuid, name: row.name, fqdn: row.fqdn },
    location: null,
  };
}

/** The tags of a node; what is no list has none. */
export function readTags(text: string | null): readonly unknown[] {
  try {
    const tags: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(tags) ? tags : [];
  } catch {
    return [];
  }
}
