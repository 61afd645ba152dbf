import { randomAlphanumeric } from '../panel/random.ts';

/** An account on the demo panel. */
export interface DemoUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly isAdmin: boolean;
}

/** An API key on the demo panel. */
export interface DemoKey {
  readonly identifier: string;
  readonly secret: string;
  readonly userId: number;
  /** An application key may do everything; an account key belongs to the Client API. */
  readonly type: 'application' | 'account';
  readonly description: string;
  readonly allowedIps: readonly string[];
  readonly daysOld: number;
  /** Null for a key that was never used. */
  readonly hoursSinceUse: number | null;
}

/** A machine on the demo panel. */
export interface DemoNode {
  readonly id: number;
  readonly name: string;
  readonly fqdn: string;
  /** In MiB, as the panels count. */
  readonly memory: number;
  readonly disk: number;
}

/** A port of a node; free while no server has it. */
export interface DemoPort {
  readonly id: number;
  readonly nodeId: number;
  readonly ip: string;
  readonly alias: string | null;
  readonly port: number;
  readonly notes: string | null;
  readonly serverId: number | null;
}

/** A game server on the demo panel. */
export interface DemoServer {
  readonly id: number;
  readonly name: string;
  readonly ownerId: number;
  readonly nodeId: number;
  readonly memory: number;
  readonly disk: number;
}

/** What stands on the demo panel, whichever panel it is made as. */
export interface DemoSeed {
  readonly users: readonly DemoUser[];
  readonly location: { readonly id: number; readonly short: string; readonly long: string };
  readonly nodes: readonly DemoNode[];
  readonly servers: readonly DemoServer[];
  readonly ports: readonly DemoPort[];
  readonly keys: readonly DemoKey[];
  /** The root admin's key that may do everything. */
  readonly applicationKey: DemoKey;
  /** A key of a user who is no admin. */
  readonly accountKey: DemoKey;
}

/** The five characters with which a panel's identifiers begin. */
export interface KeyPrefixes {
  readonly application: string;
  readonly account: string;
}

/** A small host of game servers. Its identifiers are the same in every run, its secrets are not. */
export function createSeed(prefixes: KeyPrefixes): DemoSeed {
  const applicationKey = key(`${prefixes.application}demoBilling`, 1, 'application', 'Billing system');
  const accountKey = key(`${prefixes.account}demoPlugin1`, 2, 'account', 'Status plugin');
  return {
    users,
    location: { id: 1, short: 'fra', long: 'Frankfurt' },
    nodes,
    servers,
    ports: nodes.flatMap(portsOf),
    keys: [
      applicationKey,
      accountKey,
      key(`${prefixes.account}demoBackup1`, 2, 'account', 'Nightly backups', ['198.51.100.0/24']),
      key(`${prefixes.account}demoDiscord`, 3, 'account', 'Discord bot', ['192.0.2.15']),
    ],
    applicationKey,
    accountKey,
  };
}

const users = [
  user(1, 'admin', 'Root', 'Admin', true),
  user(2, 'mira', 'Mira', 'Keller'),
  user(3, 'jonas', 'Jonas', 'Berg'),
  user(4, 'leila', 'Leila', 'Haddad'),
  user(5, 'tomas', 'Tomas', 'Novak'),
];

const nodes: readonly DemoNode[] = [
  { id: 1, name: 'fra-1', fqdn: 'fra-1.demo.example', memory: 65_536, disk: 1_048_576 },
  { id: 2, name: 'fra-2', fqdn: 'fra-2.demo.example', memory: 131_072, disk: 2_097_152 },
];

const servers: readonly DemoServer[] = [
  { id: 1, name: 'Survival', ownerId: 2, nodeId: 1, memory: 8192, disk: 51_200 },
  { id: 2, name: 'Creative', ownerId: 2, nodeId: 1, memory: 4096, disk: 20_480 },
  { id: 3, name: 'Skyblock', ownerId: 3, nodeId: 1, memory: 6144, disk: 30_720 },
  { id: 4, name: 'Lobby', ownerId: 4, nodeId: 2, memory: 2048, disk: 10_240 },
  { id: 5, name: 'Modded', ownerId: 5, nodeId: 2, memory: 12_288, disk: 81_920 },
];

const firstPort = 25_565;
const portsPerNode = 150;

function user(id: number, username: string, firstName: string, lastName: string, isAdmin = false): DemoUser {
  return { id, username, email: `${username}@demo.example`, firstName, lastName, isAdmin };
}

function key(
  identifier: string,
  userId: number,
  type: DemoKey['type'],
  description: string,
  allowedIps: readonly string[] = [],
): DemoKey {
  const age = { daysOld: 10 + 7 * userId, hoursSinceUse: allowedIps.length === 0 ? userId : null };
  return { identifier, secret: randomAlphanumeric(32), userId, type, description, allowedIps, ...age };
}

/** Each server has the first port that none before it has, and one more for its second service. */
function portsOf({ id: nodeId }: DemoNode): readonly DemoPort[] {
  const takers = servers.filter((server) => server.nodeId === nodeId).flatMap(({ id }) => [id, id]);
  return Array.from({ length: portsPerNode }, (_, index) => ({
    id: (nodeId - 1) * portsPerNode + index + 1,
    nodeId,
    ip: `203.0.113.${10 + nodeId}`,
    alias: index < 10 ? `play-${nodeId}.demo.example` : null,
    port: firstPort + index,
    notes: index % 50 === 20 ? 'kept for events' : null,
    serverId: takers[index] ?? null,
  }));
}
