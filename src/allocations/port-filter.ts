import { type Expression, type SqlBool, sql } from 'kysely';
import type { Services } from '../services.ts';

/** Which ports a list is about. */
export interface PortFilter {
  /** Nodes to look on; none means none. */
  readonly nodeIds: readonly number[];
  readonly ip: string | null;
  readonly ports: PortRange | null;
  /** Row ids to look among. */
  readonly ids: IdRange;
  /** Part of the alias, in any case. */
  readonly alias: string | null;
  /** Leave out ports that a server has. */
  readonly freeOnly: boolean;
  /** Show ports that a claim holds, which otherwise count as taken. */
  readonly includeHeld: boolean;
  /** The id of a claim that is about to be replaced, whose ports count as free; null for none. */
  readonly replacing: string | null;
}

/** Whether a filter asks for some of the ports of its nodes by what they are. */
export function isNarrowed({ ip, ports, alias }: PortFilter): boolean {
  return ip !== null || ports !== null || alias !== null;
}

/** Row ids from one to another, both included; null for no bound. */
export interface IdRange {
  readonly from: number | null;
  readonly to: number | null;
}

/** All row ids. */
export const anyId: IdRange = { from: null, to: null };

/** Ports from one to another, both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Reads `25565` or `25565-25570`; null for what is neither. */
export function parsePortRange(text: unknown): PortRange | null {
  if (typeof text !== 'string') return null;
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return null;
  const range = { from: Number(first), to: Number(last ?? first) };
  return range.from <= range.to && range.to <= 65_535 ? range : null;
}

/** The filter as conditions on the ports `a`. */
export function portConditions(
  services: Pick<Services, 'database' | 'hasOwnTables'>,
  filter: PortFilter,
): readonly Expression<SqlBool>[] {
  const { nodeIds, ip, ports, ids, alias, freeOnly, includeHeld, replacing } = filter;
  const [only, ...more] = nodeIds;
  const onNodes =
    more.length === 0
      ? sql<SqlBool>`a.node_id = ${only ?? 0}`
      : sql<SqlBool>`a.node_id in (${sql.join(nodeIds)})`;
  return [
    onNodes,
    ...(freeOnly ? [sql<SqlBool>`a.server_id is null`] : []),
    ...(ip === null ? [] : [sql<SqlBool>`a.ip = ${ip}`]),
    ...(ports === null ? [] : [sql<SqlBool>`a.port between ${ports.from} and ${ports.to}`]),
    ...(ids.from === null ? [] : [sql<SqlBool>`a.id >= ${ids.from}`]),
    ...(ids.to === null ? [] : [sql<SqlBool>`a.id <= ${ids.to}`]),
    ...(alias === null
      ? []
      : [sql<SqlBool>`lower(a.ip_alias) like ${likePattern(alias.toLowerCase())} escape '!'`]),
    ...(includeHeld || !services.hasOwnTables ? [] : [notTaken(services, freeOnly, replacing)]),
  ];
}

/** What counts as held says nothing of a port that a server has. */
function notTaken(
  services: Pick<Services, 'database'>,
  freeOnly: boolean,
  replacing: string | null,
): Expression<SqlBool> {
  const free = notHeld(services, 'a', replacing);
  return freeOnly ? free : sql<SqlBool>`(a.server_id is not null or ${free})`;
}

/**
 * A port that no claim holds now, by the database's clock.
 *
 * @param port Name of the port's table in the statement.
 * @param replacing A claim whose holds do not count, or null.
 */
export function notHeld(
  { database }: Pick<Services, 'database'>,
  port: 'a' | 'b',
  replacing: string | null,
): Expression<SqlBool> {
  const others = replacing === null ? sql`` : sql`and h.claim_id <> ${replacing}`;
  return sql<SqlBool>`not exists (select 1 from ${sql.table('sidecar_holds')} as h
    where h.allocation_id = ${sql.ref(`${port}.id`)} and h.expires_at > ${database.nowMs} ${others})`;
}

/** A LIKE pattern for texts that hold this one, with `!` before what would be a wildcard. */
function likePattern(part: string): string {
  return `%${part.replaceAll(/[!%_]/g, '!$&')}%`;
}
