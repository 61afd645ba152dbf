import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import { serializePhpString } from '../../src/panel/php-string.ts';
import { insertRows } from './insert-rows.ts';
import { TEST_APP_KEY } from './panel-database.ts';
import type { Row, SqlExecutor, SqlValue } from './test-database.ts';

const created = '2026-01-02 03:04:05';
const times = { created_at: created, updated_at: created };
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

/** What a key is made with besides its owner. */
export interface KeyDetails {
  /** The panel's key_type; 2, an application key, unless given. */
  readonly type?: number;
  /** The level on every resource, or per resource; 3 (read and write) unless given. */
  readonly acl?: number | Readonly<Partial<Record<'users' | 'nodes' | 'allocations' | 'locations', number>>>;
  readonly memo?: string | null;
  readonly allowedIps?: string | null;
  readonly expiresAt?: string | null;
  /** The stored token, in place of the encrypted secret. */
  readonly token?: string;
}

/** Puts rows of a test's own into a panel; no two calls make anything alike, so tests need no clean-up. */
export class PanelSeed {
  readonly #db: SqlExecutor;
  #count = 0;

  constructor(db: SqlExecutor) {
    this.#db = db;
  }

  async user(details: { readonly admin?: boolean; readonly totp?: boolean } = {}): Promise<SeededUser> {
    const id = this.#next();
    const uuid = crypto.randomUUID();
    await insertRows(this.#db, 'users', [
      {
        ...{ id, uuid, username: `user${id}`, email: `user${id}@panel.test`, password: 'matches nothing' },
        ...{ root_admin: details.admin ? 1 : 0, use_totp: details.totp ? 1 : 0, ...times },
      },
    ]);
    return { id, uuid };
  }

  async key(owner: SeededUser, details: KeyDetails = {}): Promise<SeededKey> {
    const { type = 2, acl = 3, memo = 'seeded', allowedIps = null, expiresAt = null } = details;
    const number = String(this.#next());
    const identifier = `${type === 1 ? 'ptlc' : 'ptla'}_Seeded${number.padStart(5, '0')}`;
    const secret = `seededSecret${number}`.padEnd(32, 'Z');
    const level = (resource: 'users' | 'nodes' | 'allocations' | 'locations') =>
      typeof acl === 'number' ? acl : (acl[resource] ?? 0);
    await insertRows(this.#db, 'api_keys', [
      {
        ...{ user_id: owner.id, key_type: type, identifier, token: details.token ?? sealed(secret) },
        ...{ memo, allowed_ips: allowedIps, expires_at: expiresAt },
        ...{ r_users: level('users'), r_nodes: level('nodes') },
        ...{ r_allocations: level('allocations'), r_locations: level('locations'), ...times },
      },
    ]);
    const [row] = await this.#db.query('select id from api_keys where identifier = ?', [identifier]);
    return { id: Number(row?.id), identifier, secret, bearer: identifier + secret };
  }

  /** A node with `ports` free ports on 10.0.0.1, from 20000 up, in a location. */
  async node(ports: number): Promise<{ readonly id: number; readonly location: number }> {
    const id = this.#next();
    await insertRows(this.#db, 'locations', [{ id, short: `loc${id}`, long: `Location ${id}`, ...times }]);
    await insertRows(this.#db, 'nodes', [
      {
        ...{
          id,
          uuid: crypto.randomUUID(),
          name: `node-${id}`,
          location_id: id,
          fqdn: `node-${id}.panel.test`,
        },
        ...{
          public: 1,
          memory: 1024,
          disk: 1024,
          daemon_token_id: `node${id}`,
          daemon_token: 'none',
          daemonBase: '/x',
        },
        ...times,
      },
    ]);
    const rows = Array.from({ length: ports }, (_, index) => ({
      ...{ node_id: id, ip: '10.0.0.1', port: 20_000 + index, ...times },
    }));
    if (rows.length > 0) await insertRows(this.#db, 'allocations', rows);
    return { id, location: id };
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** A secret as Pterodactyl stores it. */
export function sealed(secret: string): string {
  return encrypter.encrypt(serializePhpString(secret));
}

/** The secret within a stored token, read with the panel's own format. */
export function opened(token: string): string {
  return encrypter.decrypt(token);
}

/** The account keys of a user, oldest first. */
export function accountKeysOf(db: SqlExecutor, user: SeededUser): Promise<Row[]> {
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
    properties: parsedJson(row.properties),
    subjects: subjects
      .filter((subject) => subject.activity_log_id === row.id)
      .map((subject) => `${subject.subject_type} ${subject.subject_id}`),
  }));
}

/** The driver hands a JSON column over as text or parsed, as the server's version has it. */
function parsedJson(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
}
