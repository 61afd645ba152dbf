import { randomUUID } from 'node:crypto';
import { phpJson } from '../panel/php-json.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import type { DemoKind, TableRows } from './demo-kind.ts';
import { commonKeyColumns, hoursAgo, portRow, type Row, times } from './rows.ts';
import { pelicanTables } from './schema/pelican.ts';
import type { DemoKey, DemoNode, DemoPort, DemoServer, DemoUser } from './seed.ts';

/** The demo as a Pelican panel. */
export const pelicanDemo: DemoKind = {
  name: 'Pelican',
  tables: pelicanTables,
  keyPrefixes: { application: 'papp_', account: 'pacc_' },
  rows: (seed, encrypter): readonly TableRows[] => {
    const seal = (secret: string) => encrypter.encrypt(secret);
    const admins = seed.users.filter(({ isAdmin }) => isAdmin);
    return [
      { table: 'users', rows: seed.users.map(userRow) },
      { table: 'roles', rows: [rootAdmin] },
      { table: 'model_has_roles', rows: admins.map(roleRow) },
      { table: 'api_keys', rows: seed.keys.map((key) => keyRow(key, seal)) },
      { table: 'nodes', rows: seed.nodes.map((node) => nodeRow(node, seal)) },
      { table: 'eggs', rows: [egg] },
      { table: 'servers', rows: seed.servers.map((server) => serverRow(server, seed.ports)) },
      { table: 'allocations', rows: seed.ports.map(portRow) },
    ];
  },
};

const rootAdmin: Row = { id: 1, name: 'Root Admin', guard_name: 'web', ...times(400) };

function roleRow({ id }: DemoUser): Row {
  return { role_id: 1, model_type: 'user', model_id: id };
}

function userRow({ id, username, email }: DemoUser): Row {
  return {
    ...{ id, username, email, uuid: randomUUID() },
    ...{ password: 'no password matches this', ...times(300 - id) },
  };
}

const resources = ['server', 'node', 'allocation', 'user', 'egg', 'database_host', 'server_database'];

function keyRow(key: DemoKey, seal: (secret: string) => string): Row {
  const levels = Object.fromEntries(resources.map((resource) => [resource, 3]));
  return {
    ...commonKeyColumns(key, seal),
    permissions: phpJson(key.type === 'account' ? [] : levels),
  };
}

function nodeRow(node: DemoNode, seal: (secret: string) => string): Row {
  return {
    ...{ ...node, uuid: randomUUID(), public: 1, daemon_base: '/var/lib/pelican/volumes', tags: '[]' },
    ...{ daemon_token_id: randomAlphanumeric(16), daemon_token: seal(randomAlphanumeric(64)) },
    ...times(300),
  };
}

const startup = 'java -jar server.jar';
const image = 'demo.example/java:21';

const egg: Row = {
  ...{ id: 1, uuid: randomUUID(), author: 'demo@demo.example', name: 'Paper' },
  ...{ docker_images: phpJson({ 'Java 21': image }), startup_commands: phpJson({ Default: startup }) },
  ...times(400),
};

function serverRow({ id, name, ownerId, nodeId, memory, disk }: DemoServer, ports: readonly DemoPort[]): Row {
  const uuid = randomUUID();
  return {
    ...{ id, uuid, uuid_short: uuid.slice(0, 8), node_id: nodeId, name, owner_id: ownerId },
    ...{ memory, swap: 0, disk, io: 500, cpu: 0, egg_id: 1, startup, image },
    allocation_id: ports.find(({ serverId }) => serverId === id)?.id ?? null,
    ...{ installed_at: hoursAgo(200 * 24), ...times(200) },
  };
}
