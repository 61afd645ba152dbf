import { type Answer, send } from '../support/client.ts';
import { type AnsweredClaim, claimOf, claimsPath, type PortPanel } from '../support/port-panel.ts';
import type { SqlExecutor } from '../support/test-database.ts';

/** How a test's caller claims ports. */
export interface Claiming {
  /** Makes a claim and answers with it; throws where it is refused. */
  claim(body: object): Promise<AnsweredClaim>;
  /** Sends a claim. */
  tryClaim(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Reads a claim; throws where it is refused. */
  view(id: string): Promise<AnsweredClaim>;
  release(id: string): Promise<Answer>;
  extend(id: string, body: unknown): Promise<Answer>;
  replace(id: string, body?: unknown): Promise<Answer>;
}

/** Claims by a key at one of the services. */
export function claimingAs(started: PortPanel, key = started.key, service = 0): Claiming {
  const url = started.services[service]?.url ?? '';
  const post = (path: string, body: unknown, headers = {}) =>
    send(url, { method: 'POST', path, body, headers, key });
  const tryClaim: Claiming['tryClaim'] = (body, headers) => post(claimsPath, body, headers);
  return {
    tryClaim,
    claim: async (body) => claimOf(await tryClaim(body)),
    view: async (id) => claimOf(await send(url, { path: `${claimsPath}/${id}`, key })),
    release: (id) => send(url, { method: 'DELETE', path: `${claimsPath}/${id}`, key }),
    extend: (id, body) => post(`${claimsPath}/${id}/extend`, body),
    replace: (id, body = {}) => post(`${claimsPath}/${id}/replace`, body),
  };
}

/** Row ids of a claim's ports. */
export const idsOf = ({ ports }: AnsweredClaim) => ports.map(({ id }) => id);

/** A node's ports from one number up on one address. */
export const portsFrom = (first: number, count: number, ip = '10.0.0.1') =>
  Array.from({ length: count }, (_, index) => ({ ip, port: first + index }));

/** The database's clock in its SQL, in Unix milliseconds. */
export function databaseNowSql({ dialect }: SqlExecutor): string {
  return {
    mysql: "(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)",
    sqlite: "cast((julianday('now') - 2440587.5) * 86400000 as integer)",
    postgres: 'cast(extract(epoch from statement_timestamp()) * 1000 as bigint)',
  }[dialect];
}

/** Moves the end of a claim, and its beginning where that is given, in milliseconds from the database's now. */
export async function moveClaim(
  { panel }: PortPanel,
  id: string,
  { beginsIn, endsIn }: { readonly beginsIn?: number; readonly endsIn: number },
): Promise<void> {
  const now = databaseNowSql(panel);
  await panel.execute(`update sidecar_claims set expires_at = ${now} + ${endsIn} where id = '${id}'`);
  await panel.execute(`update sidecar_holds set expires_at = ${now} + ${endsIn} where claim_id = '${id}'`);
  if (beginsIn === undefined) return;
  const begin = `${now} + ${beginsIn}`;
  await panel.execute(
    `update sidecar_claims set created_at = ${begin}, held_since = ${begin} where id = '${id}'`,
  );
}
