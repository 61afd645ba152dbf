import { ActivityLog } from './audit/activity-log.ts';
import { Authenticator } from './auth/authenticator.ts';
import { LastUsedRecorder } from './auth/last-used.ts';
import { MemoryRateLimiter } from './auth/memory-rate-limiter.ts';
import type { RateLimit, RateLimiter } from './auth/rate-limiter.ts';
import type { Settings } from './config/settings.ts';
import { Batcher } from './database/batcher.ts';
import type { Database } from './database/database.ts';
import { Reads } from './database/reads.ts';
import { Totals } from './database/totals.ts';
import { IdempotencyStore } from './idempotency/once.ts';
import type { Logger } from './logging.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Encrypter } from './panel/encrypter.ts';
import type { PanelEnv } from './panel/env/panel-env.ts';
import type { NodeView, Panel, TargetUser } from './panel/panel.ts';
import { countPortsOf, KnownPortCounts } from './panel/port-counts.ts';
import { KnownPortIds } from './panel/port-ids.ts';
import type { OpenPanel } from './startup/open-panel.ts';
import { UserKeys } from './stored-keys/user-keys.ts';
import { type Endpoint, readEndpoints } from './webhooks/endpoint.ts';
import { createOutbox, noOutbox, type Outbox } from './webhooks/outbox.ts';

/** What every part of the service works with; made once at the start. */
export interface Services {
  readonly settings: Settings;
  readonly database: Database;
  readonly panel: Panel;
  /** Whether this service's own tables are there; without them, what needs them is refused. */
  readonly hasOwnTables: boolean;
  readonly encrypter: Encrypter;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly activityLog: ActivityLog;
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  /** Where lists are read: a replica, where there is one. */
  readonly reads: Reads;
  readonly limits: Limits;
  readonly lastUsed: LastUsedRecorder;
  /** The metrics of this process and of those that share its address, as Prometheus reads them. */
  readonly collectMetrics: () => Promise<string>;
  readonly idempotency: IdempotencyStore;
  readonly outbox: Outbox;
  /** Where webhooks go. */
  readonly endpoints: readonly Endpoint[];
  readonly userKeys: UserKeys;
  /** Counts of ports, which on large nodes are made now and then. */
  readonly portTotals: Totals;
  /** How many ports each node has, and how many of them are taken. */
  readonly portCounts: KnownPortCounts;
  /** Where the ports of each node are to be found. */
  readonly portIds: KnownPortIds;
  /** A user by row id, or null; lookups at the same time share a round trip. */
  readonly users: Batcher<number, TargetUser | null>;
  /** A node by row id, or null; lookups at the same time share a round trip. */
  readonly nodes: Batcher<number, NodeView | null>;
}

/** How often what may be done. */
export interface Limits {
  /** Requests of an account: the panel's own limit. */
  readonly requests: RateLimit;
  /** Failed authentications from an address; beyond them, failures are told to come later. */
  readonly failures: RateLimit;
  /** Revocations of leaked keys from an address, without a key. */
  readonly leakedKeys: RateLimit;
}

/** Puts the service together over an open database. @throws OperatorError for a webhook that can't be used */
export function createServices(
  env: PanelEnv,
  settings: Settings,
  { database, replica, panel, hasOwnTables }: OpenPanel,
  logger: Logger,
  rateLimiter: RateLimiter = new MemoryRateLimiter(),
): Services {
  const encrypter = new Encrypter(env.appKeys);
  const metrics = createMetrics();
  const endpoints = readEndpoints(settings.webhooks);
  const reads = new Reads(database, replica, {
    onAway(error) {
      metrics.backgroundFailures.inc({ task: 'replica' });
      logger.warn({ err: error }, 'the replica fails: lists are read from the primary for now');
    },
    onBack: () => logger.info('lists are read from the replica again'),
  });
  return {
    settings,
    database,
    panel,
    hasOwnTables,
    encrypter,
    logger,
    metrics,
    activityLog: new ActivityLog(database, panel),
    authenticator: new Authenticator(database, panel, encrypter, (credential) => {
      metrics.authenticationFailures.inc({ cause: 'unreadable' });
      logger.warn({ apiKeyId: credential.id }, 'APP_KEY does not open the stored secret of this key');
    }),
    rateLimiter,
    collectMetrics: () => metrics.registry.metrics(),
    reads,
    limits: limitsOf(panel),
    lastUsed: new LastUsedRecorder(database, panel.clock, (error) => {
      metrics.backgroundFailures.inc({ task: 'last_used' });
      logger.warn({ err: error }, 'could not note when keys were last used');
    }),
    idempotency: new IdempotencyStore(database, encrypter),
    outbox: hasOwnTables && endpoints.length > 0 ? createOutbox(endpoints) : noOutbox,
    endpoints,
    portTotals: new Totals(),
    portCounts: new KnownPortCounts((nodeIds) => reads.run((queries) => countPortsOf(queries, nodeIds))),
    portIds: new KnownPortIds(),
    userKeys: new UserKeys({ database, panel, hasOwnTables, settings }),
    users: byId((ids) => panel.findUsers(database.queries, ids)),
    nodes: byId((ids) => panel.findNodes(database.queries, ids)),
  };
}

const minuteMs = 60_000;

function limitsOf({ rateLimit: { max, periodMinutes } }: Panel): Limits {
  return {
    requests: { name: 'requests', limit: max, windowMs: periodMinutes * minuteMs },
    failures: { name: 'failures', limit: 60, windowMs: minuteMs },
    leakedKeys: { name: 'leaked-keys', limit: 10, windowMs: minuteMs },
  };
}

function byId<Row extends { readonly id: number }>(
  find: (ids: readonly number[]) => Promise<readonly Row[]>,
): Batcher<number, Row | null> {
  return new Batcher(async (ids) => {
    const rows = await find([...new Set(ids)]);
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => rowsById.get(id) ?? null);
  });
}
