import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { NodeCapacity } from '../panel/panel.ts';
import type { Services } from '../services.ts';

/** Which nodes a caller means. */
export interface NodeSelection {
  readonly nodeIds: readonly number[] | null;
  readonly locationIds: readonly number[] | null;
  /** All of these; a panel without tags does not know this filter. */
  readonly tags: readonly string[] | null;
  readonly isPublic: boolean | null;
  /** What must still fit, in MiB. */
  readonly memory: number;
  readonly disk: number;
}

/** What a server to come needs, in MiB. */
export type Room = Pick<NodeSelection, 'memory' | 'disk'>;

const nothing: Room = { memory: 0, disk: 0 };

/** Nodes that a caller means. */
export interface SelectedNodes {
  /** Whether they have room or not. */
  readonly all: readonly NodeCapacity[];
  /** Those that have room, by the panel's own rule; what claims hold counts as used. */
  readonly withRoom: readonly NodeCapacity[];
}

/**
 * Finds the nodes of a selection, in order of id.
 *
 * @param replacing A claim whose room does not count as used, as it is about to be replaced.
 */
export async function selectNodes(
  services: Services,
  selection: NodeSelection,
  replacing: string | null = null,
): Promise<SelectedNodes> {
  const { database, panel } = services;
  const [nodes, held] = await Promise.all([
    selection.nodeIds?.length === 0 ? [] : panel.findCapacities(database.queries, selection.nodeIds),
    needsRoom(selection) ? heldRoom(services, database.queries, replacing) : new Map<number, Room>(),
  ]);
  const all = nodes.filter((node) => isSelected(node, selection));
  return { all, withRoom: all.filter((node) => hasRoom(node, selection, held.get(node.id))) };
}

/** Whether a server needs any room at all. */
export function needsRoom({ memory, disk }: Room): boolean {
  return memory > 0 || disk > 0;
}

/** Whether a node has room for this much, besides what is held on it. */
export function hasRoom(node: NodeCapacity, room: Room, held: Room = nothing): boolean {
  return !needsRoom(room) || node.fits(room.memory + held.memory, room.disk + held.disk);
}

function isSelected(node: NodeCapacity, { locationIds, tags, isPublic }: NodeSelection): boolean {
  if (isPublic !== null && node.isPublic !== isPublic) return false;
  if (locationIds !== null && (node.locationId === null || !locationIds.includes(node.locationId)))
    return false;
  const { tags: known } = node;
  return tags === null || known === null || tags.every((tag) => known.includes(tag));
}

/**
 * What claims hold for servers to come, by node. A claim whose ports all belong to one server is used: its
 * room is that server's.
 *
 * @param replacing A claim that does not count, or null.
 */
export async function heldRoom(
  { database, hasOwnTables }: Pick<Services, 'database' | 'hasOwnTables'>,
  queries: Queries,
  replacing: string | null,
): Promise<ReadonlyMap<number, Room>> {
  if (!hasOwnTables) return new Map();
  const others = replacing === null ? sql`` : sql`and c.id <> ${replacing}`;
  const { rows } = await sql<{ node_id: number; memory: number | string; disk: number | string }>`
    select c.node_id, sum(c.memory) as memory, sum(c.disk) as disk from ${sql.table('sidecar_claims')} as c
    where c.outcome is null and c.expires_at > ${database.nowMs} and (c.memory > 0 or c.disk > 0) ${others}
      and (select case when count(*) = count(a.server_id) and min(a.server_id) = max(a.server_id)
          then 1 else 0 end
        from ${sql.table('sidecar_claim_ports')} as p
        left join ${sql.table('allocations')} as a on a.id = p.allocation_id
        where p.claim_id = c.id) = 0
    group by c.node_id`.execute(queries);
  return new Map(rows.map((row) => [row.node_id, { memory: Number(row.memory), disk: Number(row.disk) }]));
}
