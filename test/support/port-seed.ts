import { classifyFailure } from '../../src/database/errors.ts';
import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import { serializePhpString } from '../../src/panel/php-string.ts';
import type { PanelName } from './cells.ts';
import { insertRows } from './insert-rows.ts';
import { TEST_APP_KEY } from './panel-database.ts';
import type { SqlExecutor, SqlValue } from './test-database.ts';

const created = '2026-01-02 03:04:05';
const times = { created_at: created, updated_at: created };
const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);
/** So that no statement has more parameters than every database takes. */
const rowsPerInsert = 500;

/** What a key may do, per resource: 1 read, 2 write, 3 both. */
export type Acl = Readonly<Partial<Record<'nodes' | 'allocations' | 'locations', number>>>;

/** What a node is made with. */
export interface NodeDetails {
  readonly isPublic?: boolean;
  readonly isInMaintenance?: boolean;
  readonly memory?: number;
  readonly memoryOverallocate?: number;
  readonly disk?: number;
  readonly diskOverallocate?: number;
  /** Row id of a location; one of its own unless given, and of no meaning on a panel without locations. */
  readonly location?: number;
  /** Of no meaning on a panel without tags. */
  readonly tags?: readonly string[];
}

/** A port of a node to be made. */
export interface NewPort {
  readonly ip: string;
  readonly port: number;
  readonly alias?: string | null;
}

/** Puts people, nodes, ports and servers into a panel, whichever it is, as the panel itself would. */
export class PortSeed {
  readonly #db: SqlExecutor;
  readonly #panel: PanelName;
  #count: number;
  #egg: Promise<number> | null = null;

  /** @param taken Row ids up to this one are left alone. */
  constructor(db: SqlExecutor, panel: PanelName, taken = 0) {
    this.#db = db;
    this.#panel = panel;
    this.#count = taken;
  }

  /** A user who may use the Application API. @returns The row id. */
  async admin(): Promise<number> {
    const id = this.#next();
    const isPterodactyl = this.#panel === 'pterodactyl';
    await insertRows(this.#db, 'users', [
      {
        ...{ id, uuid: crypto.randomUUID(), username: `user${id}`, email: `user${id}@panel.test` },
        ...{
          password: 'matches nothing',
          ...(isPterodactyl ? { root_admin: 1, use_totp: 0 } : {}),
          ...times,
        },
      },
    ]);
    if (!isPterodactyl) {
      await insertRows(this.#db, 'roles', [{ id, name: 'Root Admin', guard_name: `web${id}`, ...times }]);
      await insertRows(this.#db, 'model_has_roles', [{ role_id: id, model_type: 'user', model_id: id }]);
    }
    return id;
  }

  /** An application key. @returns What a client sends. */
  async key(userId: number, acl: Acl = { nodes: 3, allocations: 3, locations: 3 }): Promise<string> {
    const identifier = `ptla_Port${String(this.#next()).padStart(7, '0')}`;
    const secret = identifier.padEnd(32, 'Z');
    const isPterodactyl = this.#panel === 'pterodactyl';
    const { nodes = 0, allocations = 0, locations = 0 } = acl;
    const rights: Record<string, SqlValue> = isPterodactyl
      ? { r_nodes: nodes, r_allocations: allocations, r_locations: locations }
      : { permissions: JSON.stringify({ node: nodes, allocation: allocations }) };
    await insertRows(this.#db, 'api_keys', [
      {
        ...{ user_id: userId, key_type: 2, identifier, memo: 'seeded', allowed_ips: '[]', ...rights },
        ...{ token: encrypter.encrypt(isPterodactyl ? serializePhpString(secret) : secret), ...times },
      },
    ]);
    return identifier + secret;
  }

  /** A location. @returns The row id. */
  async location(): Promise<number> {
    const id = this.#next();
    await insertRows(this.#db, 'locations', [{ id, short: `loc${id}`, long: `Location ${id}`, ...times }]);
    return id;
  }

  /** A node without ports; public, out of maintenance and large unless told otherwise. @returns The row id. */
  async node(details: NodeDetails = {}): Promise<number> {
    const { isPublic = true, isInMaintenance = false, memory = 1_000_000, disk = 1_000_000 } = details;
    const id = this.#next();
    const own: Record<string, SqlValue> =
      this.#panel === 'pterodactyl'
        ? { location_id: details.location ?? (await this.location()), daemonBase: '/x' }
        : { daemon_base: '/x', tags: JSON.stringify(details.tags ?? []) };
    await insertRows(this.#db, 'nodes', [
      {
        ...{ id, uuid: crypto.randomUUID(), name: `node-${id}`, fqdn: `node-${id}.panel.test` },
        ...{ public: isPublic ? 1 : 0, memory, disk, daemon_token_id: `node${id}`, daemon_token: 'none' },
        memory_overallocate: details.memoryOverallocate ?? 0,
        disk_overallocate: details.diskOverallocate ?? 0,
        ...{ ...own, ...times },
      },
    ]);
    if (isInMaintenance) await this.#db.execute(`update nodes set maintenance_mode = true where id = ${id}`);
    return id;
  }

  /** Free ports of a node. @returns Their row ids, in the order given. */
  async ports(nodeId: number, ports: readonly NewPort[]): Promise<readonly number[]> {
    for (let first = 0; first < ports.length; first += rowsPerInsert) {
      const rows = ports.slice(first, first + rowsPerInsert).map(({ ip, port, alias = null }) => ({
        ...{ node_id: nodeId, ip, port, ip_alias: alias, ...times },
      }));
      await insertRows(this.#db, 'allocations', rows);
    }
    const rows = await this.#db.query('select id, ip, port from allocations where node_id = ?', [nodeId]);
    const ids = new Map(rows.map((row) => [`${row.ip} ${row.port}`, Number(row.id)]));
    return ports.map(({ ip, port }) => ids.get(`${ip} ${port}`) ?? Number.NaN);
  }

  /** A server on a node that has these ports, written as the panel does. @returns The row id. */
  async server(
    nodeId: number,
    portIds: readonly number[],
    { memory = 0, disk = 0 }: { readonly memory?: number; readonly disk?: number } = {},
  ): Promise<number> {
    this.#egg ??= this.#makeEgg();
    const egg = await this.#egg;
    const id = this.#next();
    const uuid = crypto.randomUUID();
    const [first = null] = portIds;
    const own: Record<string, SqlValue> =
      this.#panel === 'pterodactyl'
        ? { uuidShort: uuid.slice(0, 8), description: '', nest_id: egg }
        : { uuid_short: uuid.slice(0, 8) };
    await insertRows(this.#db, 'servers', [
      {
        ...{ id, uuid, node_id: nodeId, name: `server-${id}`, owner_id: egg, memory, swap: 0, disk, io: 500 },
        ...{ cpu: 0, allocation_id: first, egg_id: egg, startup: 'run', image: 'image', ...own, ...times },
      },
    ]);
    await this.assign(id, portIds);
    return id;
  }

  /** Gives ports to a server, those that are free, as the panel does. */
  async assign(serverId: number, portIds: readonly number[]): Promise<void> {
    const statement = `update allocations set server_id = ? where id in (${portIds.join()}) and server_id is null`;
    for (;;) {
      try {
        await this.#db.execute(statement, [serverId]);
        return;
      } catch (error) {
        // Another wrote the same ports at the same time.
        if (classifyFailure(error) !== 'conflict') throw error;
      }
    }
  }

  /** Takes a server away, whose ports are free then. */
  async deleteServer(id: number): Promise<void> {
    await this.#db.execute('delete from servers where id = ?', [id]);
  }

  /** What servers need: their owner, egg and nest, all of one id. */
  async #makeEgg(): Promise<number> {
    const id = await this.admin();
    const common = { id, uuid: crypto.randomUUID(), author: 'seed@panel.test', name: 'egg', ...times };
    if (this.#panel === 'pterodactyl') {
      await insertRows(this.#db, 'nests', [common]);
      await insertRows(this.#db, 'eggs', [{ ...common, nest_id: id, startup: 'run' }]);
    } else {
      await insertRows(this.#db, 'eggs', [common]);
    }
    return id;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
