import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import { insertRows } from './insert-rows.ts';
import { type PanelDatabase, TEST_APP_KEY } from './panel-database.ts';
import { panelRows, type TableRows, type UserDetails } from './panel-rows.ts';
import type { PanelTraits } from './panel-traits.ts';
import { times } from './recorded-rows.ts';
import type { Row, SqlExecutor, SqlValue } from './test-database.ts';

const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);

/** A user of a test's own. */
export interface SeededUser {
  readonly id: number;
  readonly uuid: string;
}

/** A key of a test's own. */
export interface SeededKey {
  readonly id: number;
  readonly identifier: string;
  readonly secret: string;
  /** What a client sends. */
  readonly bearer: string;
}

/** A node of a test's own. */
export interface SeededNode {
  readonly id: number;
}

/** What a key is made with besides its owner. */
export interface KeyDetails {
  /** The panel's key_type; 2, an application key, unless given. */
  readonly type?: number;
  /** The level on every resource, or per resource; 3 (read and write) unless given. */
  readonly acl?: number | Readonly<Partial<Record<'users' | 'nodes' | 'allocations' | 'locations', number>>>;
  readonly memo?: string | null;
  /** As it is stored; what the panel stores of a key without restriction, unless given. */
  readonly allowedIps?: string | null;
  readonly expiresAt?: string | null;
  /** The stored token, in place of the encrypted secret. */
  readonly token?: string;
}

/** Puts rows of a test's own into a panel; no two calls make anything alike, so tests need no clean-up. */
export class PanelSeed {
  readonly #panel: PanelDatabase;
  #count = 0;
  #shared: Promise<void> | null = null;

  constructor(panel: PanelDatabase) {
    this.#panel = panel;
  }

  async user(details: UserDetails = {}): Promise<SeededUser> {
    const id = this.#next();
    const uuid = crypto.randomUUID();
    const user = {
      ...{ id, uuid, username: `user${id}`, email: `user${id}@panel.test`, password: 'matches nothing' },
      ...times,
    };
    await this.#insert(this.#rows.user(user, details));
    return { id, uuid };
  }

  async key(owner: { readonly id: number }, details: KeyDetails = {}): Promise<SeededKey> {
    const { traits } = this.#panel;
    const {
      type = 2,
      acl = 3,
      memo = 'seeded',
      allowedIps = traits.unrestricted,
      expiresAt = null,
    } = details;
    const number = String(this.#next());
    const prefix = type === 1 ? traits.prefixes.account : traits.prefixes.application;
    const identifier = `${prefix}Seeded${number.padStart(5, '0')}`;
    const secret = `seededSecret${number}`.padEnd(32, 'Z');
    const key = {
      ...{ user_id: owner.id, key_type: type, identifier, token: details.token ?? sealed(traits, secret) },
      ...{ memo, allowed_ips: allowedIps, expires_at: expiresAt, ...times },
    };
    const levelOf = (resource: 'users' | 'nodes' | 'allocations' | 'locations') =>
      typeof acl === 'number' ? acl : (acl[resource] ?? 0);
    await this.#insert([['api_keys', { ...key, ...this.#rows.keyColumns(levelOf) }]]);
    const [row] = await this.#panel.query('select id from api_keys where identifier = ?', [identifier]);
    return { id: Number(row?.id), identifier, secret, bearer: identifier + secret };
  }

  /** A node with `ports` free ports on 10.0.0.1, from 20000 up; in a location of its own where there are any. */
  async node(ports: number): Promise<SeededNode> {
    const id = this.#next();
    const node = {
      ...{ id, uuid: crypto.randomUUID(), name: `node-${id}`, fqdn: `node-${id}.panel.test`, public: 1 },
      ...{ memory: 1024, disk: 1024, daemon_token_id: `node${id}`, daemon_token: 'none', ...times },
    };
    await this.#insert(this.#rows.node(node));
    const rows = Array.from({ length: ports }, (_, index) => ({
      ...{ node_id: id, ip: '10.0.0.1', port: 20_000 + index, ...times },
    }));
    if (rows.length > 0) await insertRows(this.#panel, 'allocations', rows);
    return { id };
  }

  /** A server that holds these ports of a node. */
  async server(owner: { readonly id: number }, node: SeededNode, ports: readonly number[]): Promise<void> {
    const id = this.#next();
    const found = await this.#panel.query(
      `select id from allocations where node_id = ? and port in (${ports.join(', ')}) order by port`,
      [node.id],
    );
    const allocations = found.map((row) => Number(row.id));
    const server = {
      ...{ id, uuid: crypto.randomUUID(), node_id: node.id, owner_id: owner.id, name: 'x', memory: 64 },
      ...{ swap: 0, disk: 128, io: 500, cpu: 0, egg_id: 1, startup: './x', image: 'x' },
      ...{ allocation_id: allocations[0] ?? null, ...times },
    };
    await this.#insert(this.#rows.server(server));
    // The server needs its port and the ports their server: they are put together once both are there.
    await this.#panel.execute(
      `update allocations set server_id = ? where id in (${allocations.join(', ')})`,
      [id],
    );
  }

  get #rows() {
    return panelRows[this.#panel.cell.panel];
  }

  async #insert(rows: TableRows): Promise<void> {
    this.#shared ??= insertAll(this.#panel, this.#rows.shared);
    await this.#shared;
    await insertAll(this.#panel, rows);
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}

async function insertAll(db: SqlExecutor, rows: TableRows): Promise<void> {
  for (const [table, row] of rows) await insertRows(db, table, [row]);
}

/** A secret as a panel stores it. */
export function sealed(traits: PanelTraits, secret: string): string {
  return encrypter.encrypt(traits.plaintext(secret));
}

/** The text within a stored token. */
export function opened(token: string): string {
  return encrypter.decrypt(token);
}

/** The account keys of a user, oldest first. */
export function accountKeysOf(db: SqlExecutor, user: { readonly id: number }): Promise<Row[]> {
  return db.query('select * from api_keys where user_id = ? and key_type = 1 order by id', [user.id]);
}

/** An activity row as a test compares it: properties parsed, subjects as `user 1`. */
export interface ActivityRow {
  readonly event: string;
  readonly ip: string;
  readonly actor: string | null;
  readonly apiKeyId: number | null;
  readonly properties: unknown;
  readonly subjects: readonly string[];
}

/** The activity rows that match a condition on `activity_logs`, oldest first. */
export async function activities(
  db: SqlExecutor,
  condition: string,
  params: readonly SqlValue[] = [],
): Promise<readonly ActivityRow[]> {
  const rows = await db.query(`select * from activity_logs where ${condition} order by id`, params);
  const subjects = await db.query('select * from activity_log_subjects order by id');
  return rows.map((row) => ({
    event: String(row.event),
    ip: String(row.ip),
    actor: row.actor_id === null ? null : `${row.actor_type} ${row.actor_id}`,
    apiKeyId: row.api_key_id === null ? null : Number(row.api_key_id),
    properties: JSON.parse(String(row.properties)) as unknown,
    subjects: subjects
      .filter((subject) => subject.activity_log_id === row.id)
      .map((subject) => `${subject.subject_type} ${subject.subject_id}`),
  }));
}
