import type { Cell } from './cells.ts';
import { type Answer, type Sent, send } from './client.ts';
import { migrateOwnTables } from './migrated.ts';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import { type ActivityRow, activities, PanelSeed, type SeededKey, type SeededUser } from './seed.ts';
import { type RunningService, startService } from './service.ts';
import { keysOf, unlimited } from './sidecar.ts';
import type { ServerAddress, SqlExecutor } from './test-database.ts';

/** The panels and databases on which what keys can do over the panel's four endpoints is tested. */
export { cells as lifeCells } from './cells.ts';

/** Environment in which scopes are accepted. */
export const enforcing = { SIDECAR_SCOPES_ENFORCE: 'true' };

/** A panel with the own tables, and a service beside it. */
export interface Life {
  readonly cell: Cell;
  readonly panel: PanelDatabase;
  readonly seed: PanelSeed;
  readonly service: RunningService;
  /** Owns `key`. */
  readonly admin: SeededUser;
  /** An application key that may do everything. */
  readonly key: SeededKey;
  /** Sends a request, with `key` where it names none and has no header that does. */
  ask(request: Sent): Promise<Answer>;
  /** Starts another service beside the same panel, with `unlimited` and these variables; `close` stops it. */
  start(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** Stops every service and removes the panel. */
  close(): Promise<void>;
}

/**
 * Creates a panel, makes the own tables by the command, and starts the real binary.
 *
 * @param env variables of the service's process
 * @param address another server than the shared one
 */
export async function startLife(
  cell: Cell,
  env: Readonly<Record<string, string>> = {},
  address?: ServerAddress,
): Promise<Life> {
  const panel = await createPanelDatabase(cell.panel, cell.on, address);
  await migrateOwnTables(panel);
  return startOver(cell, panel, env);
}

/** The same over a panel without the own tables. */
export async function startPlainLife(cell: Cell, env: Readonly<Record<string, string>> = {}): Promise<Life> {
  return startOver(cell, await createPanelDatabase(cell.panel, cell.on), env);
}

async function startOver(
  cell: Cell,
  panel: PanelDatabase,
  env: Readonly<Record<string, string>>,
): Promise<Life> {
  const seed = new PanelSeed(panel);
  const admin = await seed.user({ admin: true });
  const key = await seed.key(admin);
  const services: RunningService[] = [];
  const start = async (variables: Readonly<Record<string, string>> = {}) => {
    const service = await startService(panel.folder, { env: { ...unlimited, ...variables } });
    services.push(service);
    return service;
  };
  const service = await start(env);
  return {
    ...{ cell, panel, seed, service, admin, key, start },
    ask: (request) => send(service.url, { key: key.bearer, ...request }),
    async close() {
      await Promise.all(services.map((running) => running.stop()));
      await panel.drop();
    },
  };
}

/** Path of one key of a user. */
export const keyOf = (user: { readonly id: number }, { identifier }: { readonly identifier: string }) =>
  `${keysOf(user)}/${identifier}`;

/** Attributes of a key as they are answered. */
export type KeyAttributes = Readonly<Record<string, unknown>> & { readonly identifier: string };

/** A key as a test made it over HTTP. */
export interface MadeKey {
  readonly identifier: string;
  /** What its holder sends. */
  readonly bearer: string;
  readonly attributes: KeyAttributes;
}

/** The key that an answer shows. @throws Error where it shows none */
export function shownKey(answer: Answer): KeyAttributes {
  const { object, attributes } = (answer.json ?? {}) as { object?: string; attributes?: KeyAttributes };
  if (answer.status !== 200 || object !== 'api_key' || attributes === undefined) {
    throw new Error(`${answer.status} shows no key: ${answer.text.slice(0, 500)}`);
  }
  return attributes;
}

/** The key that an answer made. @throws Error where it made none */
export function madeKey(answer: Answer): MadeKey {
  const attributes = shownKey(answer);
  const { secret_token: secret } = (answer.json as { meta: { secret_token: string } }).meta;
  return { identifier: attributes.identifier, bearer: attributes.identifier + secret, attributes };
}

/** The keys that an answer lists. @throws Error where it is no list */
export function listedKeys(answer: Answer): readonly KeyAttributes[] {
  const { object, data } = (answer.json ?? {}) as { object?: string; data?: { attributes: KeyAttributes }[] };
  if (answer.status !== 200 || object !== 'list' || data === undefined) {
    throw new Error(`${answer.status} is no list: ${answer.text.slice(0, 500)}`);
  }
  return data.map(({ attributes }) => attributes);
}

/** Makes a key for a user, by the key that may do everything or by another one. */
export async function makeKey(
  { ask }: Pick<Life, 'ask'>,
  user: { readonly id: number },
  body: Readonly<Record<string, unknown>>,
  by: Partial<Sent> = {},
): Promise<MadeKey> {
  return madeKey(await ask({ method: 'POST', path: keysOf(user), body, ...by }));
}

/** The activity rows of an event about a key, oldest first. */
export async function recordedOf(
  db: SqlExecutor,
  event: string,
  { identifier }: { readonly identifier: string },
): Promise<readonly ActivityRow[]> {
  const rows = await activities(db, 'event = ?', [event]);
  return rows.filter(({ properties }) => (properties as { identifier?: string }).identifier === identifier);
}

/** Whether a key is let in here. */
export async function works(
  { ask }: Pick<Life, 'ask'>,
  owner: { readonly id: number },
  key: { readonly bearer: string },
): Promise<boolean> {
  const { status } = await ask({ path: keysOf(owner), key: key.bearer });
  if (status !== 200 && status !== 401) throw new Error(`neither let in nor unknown: ${status}`);
  return status === 200;
}
