import { randomUUID } from 'node:crypto';
import { phpJson } from '../panel/php-json.ts';
import { serializePhpString } from '../panel/php-string.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import type { DemoKind, TableRows } from './demo-kind.ts';
import { commonKeyColumns, hoursAgo, portRow, type Row, times } from './rows.ts';
import { pterodactylTables } from './schema/pterodactyl.ts';
import type { DemoKey, DemoNode, DemoPort, DemoSeed, DemoServer, DemoUser } from './seed.ts';

/** The demo as a Pterodactyl panel. */
export const pterodactylDemo: DemoKind = {
  name: 'Pterodactyl',
  tables: pterodactylTables,
  keyPrefixes: { application: 'ptla_', account: 'ptlc_' },
  rows: (seed, encrypter): readonly TableRows[] => {
    const seal = (secret: string) => encrypter.encrypt(serializePhpString(secret));
    return [
      { table: 'users', rows: seed.users.map(userRow) },
      { table: 'api_keys', rows: seed.keys.map((key) => keyRow(key, seal)) },
      { table: 'locations', rows: [{ ...seed.location, ...times(400) }] },
      { table: 'nodes', rows: seed.nodes.map((node) => nodeRow(node, seed, seal)) },
      { table: 'nests', rows: [nest] },
      { table: 'eggs', rows: [egg] },
      { table: 'servers', rows: seed.servers.map((server) => serverRow(server, seed.ports)) },
      { table: 'allocations', rows: seed.ports.map(portRow) },
    ];
  },
};

function userRow({ id, username, email, firstName, lastName, isAdmin }: DemoUser): Row {
  return {
    ...{ id, username, email, uuid: randomUUID(), name_first: firstName, name_last: lastName },
    ...{ password: 'no password matches this', root_admin: isAdmin ? 1 : 0, use_totp: 0, ...times(300 - id) },
  };
}

const resources = ['servers', 'nodes', 'allocations', 'users', 'locations', 'nests', 'eggs'];

function keyRow(key: DemoKey, seal: (secret: string) => string): Row {
  const level = key.type === 'account' ? 0 : 3;
  return {
    ...commonKeyColumns(key, seal),
    ...Object.fromEntries(resources.map((resource) => [`r_${resource}`, level])),
  };
}

function nodeRow(node: DemoNode, seed: DemoSeed, seal: (secret: string) => string): Row {
  return {
    ...{ ...node, uuid: randomUUID(), public: 1, location_id: seed.location.id, ...times(300) },
    ...{ daemon_token_id: randomAlphanumeric(16), daemon_token: seal(randomAlphanumeric(64)) },
  };
}

const nest: Row = {
  id: 1,
  uuid: randomUUID(),
  author: 'demo@demo.example',
  name: 'Minecraft',
  ...times(400),
};

const startup = 'java -jar server.jar';
const image = 'demo.example/java:21';

const egg: Row = {
  ...{ id: 1, uuid: randomUUID(), nest_id: 1, author: 'demo@demo.example', name: 'Paper', startup },
  ...{ docker_images: phpJson({ 'Java 21': image }), ...times(400) },
};

function serverRow({ id, name, ownerId, nodeId, memory, disk }: DemoServer, ports: readonly DemoPort[]): Row {
  const uuid = randomUUID();
  return {
    ...{ id, uuid, uuidShort: uuid.slice(0, 8), node_id: nodeId, name, description: '', owner_id: ownerId },
    ...{ memory, swap: 0, disk, io: 500, cpu: 0, nest_id: 1, egg_id: 1, startup, image },
    allocation_id: ports.find(({ serverId }) => serverId === id)?.id ?? null,
    ...{ installed_at: hoursAgo(200 * 24), ...times(200) },
  };
}
