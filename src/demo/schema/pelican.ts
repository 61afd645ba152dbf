import { activity } from './pelican/activity.ts';
import { kindsOfServers } from './pelican/eggs.ts';
import { nodesAndPorts } from './pelican/nodes.ts';
import { people } from './pelican/people.ts';
import { rolesAndPermissions } from './pelican/roles.ts';
import { serversAndMoves } from './pelican/servers.ts';
import type { Table } from './types.ts';

/**
 * The tables of Pelican (1.0.0-beta38 and the code after it) that this project reads or writes, and those
 * that their foreign keys point to, each with every column, index and foreign key that the panel's
 * migrations give it. What only some databases have is marked with `only`.
 */
export const pelicanTables: readonly Table[] = [
  ...people,
  ...rolesAndPermissions,
  ...activity,
  ...nodesAndPorts,
  ...kindsOfServers,
  ...serversAndMoves,
];
