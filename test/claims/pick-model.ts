import type { ModelPort } from '../allocations/port-model.ts';

/** A node as a plain program would keep it. */
export interface ModelNode {
  readonly id: number;
  readonly location: number;
  readonly isPublic: boolean;
  readonly isInMaintenance: boolean;
  /** MiB that neither a server nor a claim has. */
  readonly memory: number;
  readonly disk: number;
  /** In order of address and port. */
  readonly ports: readonly ModelPort[];
}

/** What is asked for. */
export interface ModelWish {
  readonly nodeIds: readonly number[] | null;
  readonly locationIds: readonly number[] | null;
  /** MiB that must fit; 0 for any. */
  readonly memory: number;
  readonly disk: number;
  readonly count: number;
  readonly isConsecutive: boolean;
  readonly isSameIp: boolean;
  readonly ip: string | null;
  readonly range: readonly [number, number] | null;
  readonly prefer: 'least-used' | 'most-used' | 'random' | 'lowest';
}

/** The nodes that a wish may be granted on, in the order in which they are tried; `random` has none. */
export function nodesFor(nodes: readonly ModelNode[], wish: ModelWish): readonly ModelNode[] {
  const open = nodes.filter(
    (node) =>
      (wish.nodeIds === null ? node.isPublic && !node.isInMaintenance : wish.nodeIds.includes(node.id)) &&
      (wish.locationIds === null || wish.locationIds.includes(node.location)) &&
      hasRoom(node, wish) &&
      grants(node, wish).length > 0,
  );
  const sign = { 'least-used': 1, 'most-used': -1, random: 0, lowest: 0 }[wish.prefer];
  return open.toSorted((a, b) => sign * (takenShare(a) - takenShare(b)) || a.id - b.id);
}

/** Who needs neither memory nor disk may go to a node that has promised more than it has. */
function hasRoom({ memory, disk }: ModelNode, wish: ModelWish): boolean {
  return (wish.memory === 0 && wish.disk === 0) || (wish.memory <= memory && wish.disk <= disk);
}

function takenShare({ ports }: ModelNode): number {
  return ports.filter((port) => port.isAssigned || port.isHeld).length / ports.length;
}

/**
 * The ports a wish may be granted from on a node: each is enough by itself, and any `count` of its ports will
 * do. Empty where there are none. The first is the lowest.
 */
export function grants(node: ModelNode, wish: ModelWish): readonly (readonly ModelPort[])[] {
  const free = node.ports.filter(
    (port) =>
      !port.isAssigned &&
      !port.isHeld &&
      (wish.ip === null || port.ip === wish.ip) &&
      (wish.range === null || (port.port >= wish.range[0] && port.port <= wish.range[1])),
  );
  if (wish.isConsecutive) {
    return free
      .map((first) => free.filter(({ ip, port }) => ip === first.ip && isIn(port, first.port, wish.count)))
      .filter((run) => run.length === wish.count);
  }
  const groups = wish.isSameIp
    ? [...new Set(free.map(({ ip }) => ip))].map((ip) => free.filter((port) => port.ip === ip))
    : [free];
  return groups.filter((group) => group.length >= wish.count);
}

function isIn(port: number, first: number, length: number): boolean {
  return port >= first && port < first + length;
}
