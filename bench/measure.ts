import { cpuTime } from './cpu-time.ts';
import type { Figures, Load, LoadGenerator } from './load.ts';
import type { ScenarioName } from './options.ts';
import { median } from './percentile.ts';

/** How many clients ask at the same time. */
export const connectionCounts = [1, 16, 64] as const;

const rounds = 3;

/** What one server did. */
export interface ServerFigures extends Figures {
  /** CPU time of its processes for one request, in microseconds; null where the system does not tell. */
  readonly cpu: number | null;
}

/** The service beside the bare server, at one number of connections. */
export interface Comparison {
  readonly scenario: ScenarioName;
  readonly connections: number;
  readonly bare: ServerFigures;
  readonly service: ServerFigures;
  /** Requests per second of the service, as a part of the bare server's. */
  readonly ratio: number;
  /** `SELECT 1` and one committed INSERT straight through the driver, in ms; null where not measured. */
  readonly direct: number | null;
}

/** A server in its process, and what it is asked. */
export interface Contestant {
  readonly pid: number;
  readonly load: Omit<Load, 'connections'>;
}

/** What a comparison needs besides the number of connections. */
export interface Contest {
  readonly scenario: ScenarioName;
  readonly bare: Contestant;
  readonly service: Contestant;
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
  const { scenario } = contest;
  const bare: ServerFigures[] = [];
  const service: ServerFigures[] = [];
  const direct: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await measure(contest.generate, contest.bare, connections));
    if (connections === 1) direct.push(await contest.direct());
    service.push(await measure(contest.generate, contest.service, connections));
  }
  const middle = { bare: medianFigures(bare), service: medianFigures(service) };
  return {
    ...{ scenario, connections, ...middle },
    ratio: middle.service.requestsPerSecond / middle.bare.requestsPerSecond,
    direct: direct.length === 0 ? null : median(direct),
  };
}

async function measure(
  generate: LoadGenerator,
  { pid, load }: Contestant,
  connections: number,
): Promise<ServerFigures> {
  const before = cpuTime(pid);
  const figures = await generate({ ...load, connections });
  const after = cpuTime(pid);
  const requests = figures.requestsPerSecond * load.seconds;
  return { ...figures, cpu: before === null || after === null ? null : (after - before) / requests };
}

/** The median of each figure. */
export function medianFigures(figures: readonly ServerFigures[]): ServerFigures {
  const cpu = figures.map((round) => round.cpu).filter((time) => time !== null);
  return {
    requestsPerSecond: median(figures.map((round) => round.requestsPerSecond)),
    p50: median(figures.map((round) => round.p50)),
    p99: median(figures.map((round) => round.p99)),
    cpu: cpu.length === 0 ? null : median(cpu),
  };
}
