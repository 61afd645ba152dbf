import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type PrometheusContentType,
  Registry,
} from 'prom-client';

/** What the service counts, for Prometheus. */
export interface Metrics {
  readonly registry: Registry;
  /** Answers by method, route template and status. */
  readonly requests: Counter<'method' | 'route' | 'status'>;
  /** Seconds from a request's headers to its answer. */
  readonly duration: Histogram<'route'>;
  /** Tells how to find out, whenever somebody asks, how many requests are being worked on. */
  readonly readInFlight: (read: () => number) => void;
  /** Refused keys: `unknown`, or `unreadable` where APP_KEY does not open what is stored. */
  readonly authenticationFailures: Counter<'cause'>;
  /** Work behind the answers that failed: `last_used`, `refusal_audit`, `housekeeping`, `webhooks`, `replica`. */
  readonly backgroundFailures: Counter<'task'>;
  /** Messages `delivered` and given up (`dead`), and tries that `failed`. */
  readonly webhooks: Counter<'outcome'>;
}

/** A registry of its own, with the process's usual figures. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'panel_sidecar_requests_total',
      help: 'Answers sent, by method, route and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    duration: new Histogram({
      name: 'panel_sidecar_request_duration_seconds',
      help: 'Time from a request to its answer, by route.',
      labelNames: ['route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    readInFlight: (read) => {
      new Gauge({
        name: 'panel_sidecar_requests_in_flight',
        help: 'Requests being worked on.',
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    authenticationFailures: new Counter({
      name: 'panel_sidecar_authentication_failures_total',
      help: 'Requests whose key was refused, by cause.',
      labelNames: ['cause'],
      registers,
    }),
    backgroundFailures: new Counter({
      name: 'panel_sidecar_background_failures_total',
      help: 'Failures of work that follows the answers, by task.',
      labelNames: ['task'],
      registers,
    }),
    webhooks: new Counter({
      name: 'panel_sidecar_webhooks_total',
      help: 'Webhook messages delivered or given up, and failed tries.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}

/** In a worker: lets the primary collect its metrics. */
export function offerToPrimary(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  // Making one answers the primary's questions.
  new AggregatorRegistry();
}

/** In the primary: collects the metrics of all workers, added up. It rejects where one does not answer. */
export function workersMetrics(): () => Promise<string> {
  const workers = new AggregatorRegistry<PrometheusContentType>();
  return () => workers.clusterMetrics();
}
