import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { NodeCapacity } from '../panel/panel.ts';
import type { Services } from '../services.ts';

/** Which nodes a caller means. */
export interface NodeSelection {
  readonly nodeIds: readonly number[] | null;
  readonly locationIds: readonly number[] | null;
  /** All of these, on a panel that has tags. */
  readonly tags: readonly string[] | null;
  readonly isPublic: boolean | null;
  /** What must still fit, in MiB. */
  readonly memory: number;
  readonly disk: number;
}

/** What claims hold on a node for servers to come, in MiB. */
export interface HeldCapacity {
  readonly memory: number;
  readonly disk: number;
}

const nothingHeld: HeldCapacity = { memory: 0, disk: 0 };

/** The nodes of a selection that have room, by the panel's own rule; what claims hold counts as used. */
export async function selectNodes(
  services: Services,
  selection: NodeSelection,
): Promise<readonly NodeCapacity[]> {
  const { database, panel } = services;
  const [nodes, held] = await Promise.all([
    selection.nodeIds?.length === 0 ? [] : panel.findCapacities(database.queries, selection.nodeIds),
    heldCapacities(services),
  ]);
  return nodes.filter((node) => isSelected(node, selection) && hasRoom(node, selection, held.get(node.id)));
}

/** Whether a node has room for this much, besides what is held on it. */
export function hasRoom(
  node: NodeCapacity,
  { memory, disk }: Pick<NodeSelection, 'memory' | 'disk'>,
  held: HeldCapacity = nothingHeld,
): boolean {
  if (memory === 0 && disk === 0) return true;
  return node.fits(memory + held.memory, disk + held.disk);
}

function isSelected(node: NodeCapacity, { locationIds, tags, isPublic }: NodeSelection): boolean {
  if (isPublic !== null && node.isPublic !== isPublic) return false;
  if (locationIds !== null && (node.locationId === null || !locationIds.includes(node.locationId)))
    return false;
  return tags === null || tags.every((tag) => node.tags.includes(tag));
}

/** What claims hold, by node. */
export async function heldCapacities(
  { database, hasOwnTables }: Services,
  queries: Queries = database.queries,
): Promise<ReadonlyMap<number, HeldCapacity>> {
  if (!hasOwnTables) return new Map();
  const { rows } = await sql<{ node_id: number; memory: number | string; disk: number | string }>`
    select node_id, sum(memory) as memory, sum(disk) as disk from ${sql.table('sidecar_claims')}
    where outcome is null and expires_at > ${database.nowMs} group by node_id`.execute(queries);
  return new Map(rows.map((row) => [row.node_id, { memory: Number(row.memory), disk: Number(row.disk) }]));
}
