import { activity } from './pterodactyl/activity.ts';
import { kindsOfServers } from './pterodactyl/eggs.ts';
import { nodesAndPorts } from './pterodactyl/nodes.ts';
import { people } from './pterodactyl/people.ts';
import { serversAndMoves } from './pterodactyl/servers.ts';
import type { Table } from './types.ts';

/**
 * The tables of Pterodactyl 1.11.8 that this project reads or writes, and those that their foreign keys
 * point to, each with every column, index and foreign key that the panel's migrations give it, so that a
 * row which the panel's own database would reject is rejected here too.
 */
export const pterodactylTables: readonly Table[] = [
  ...people,
  ...activity,
  ...nodesAndPorts,
  ...kindsOfServers,
  ...serversAndMoves,
];
