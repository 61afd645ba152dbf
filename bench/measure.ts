import type { Figures, Load, LoadGenerator } from './load.ts';
import type { ScenarioName } from './options.ts';
import { median } from './percentile.ts';

/** How many clients ask at the same time. */
export const connectionCounts = [1, 16, 64] as const;

const rounds = 3;

/** The service beside the bare server, at one number of connections. */
export interface Comparison {
  readonly scenario: ScenarioName;
  readonly connections: number;
  readonly bare: Figures;
  readonly service: Figures;
  /** Requests per second of the service, as a part of the bare server's. */
  readonly ratio: number;
  /** `SELECT 1` and one committed INSERT straight through the driver, in ms; null where not measured. */
  readonly direct: number | null;
}

/** What a comparison needs besides the number of connections. */
export interface Contest {
  readonly scenario: ScenarioName;
  readonly bare: Omit<Load, 'connections'>;
  readonly service: Omit<Load, 'connections'>;
  readonly generate: LoadGenerator;
  /** Measures the bare cost of the database, between the other two. */
  readonly direct: () => Promise<number>;
}

/**
 * Measures in turns, so that what else the machine does shows on all sides, and takes the median of the
 * rounds for each figure. The database alone is measured where one client asks, as only there does it bound
 * the service.
 */
export async function compare(contest: Contest, connections: number): Promise<Comparison> {
  const { scenario, generate } = contest;
  const bare: Figures[] = [];
  const service: Figures[] = [];
  const direct: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await generate({ ...contest.bare, connections }));
    if (connections === 1) direct.push(await contest.direct());
    service.push(await generate({ ...contest.service, connections }));
  }
  const middle = { bare: medianFigures(bare), service: medianFigures(service) };
  return {
    ...{ scenario, connections, ...middle },
    ratio: middle.service.requestsPerSecond / middle.bare.requestsPerSecond,
    direct: direct.length === 0 ? null : median(direct),
  };
}

function medianFigures(figures: readonly Figures[]): Figures {
  return {
    requestsPerSecond: median(figures.map((round) => round.requestsPerSecond)),
    p50: median(figures.map((round) => round.p50)),
    p99: median(figures.map((round) => round.p99)),
  };
}
