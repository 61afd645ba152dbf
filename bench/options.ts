import { parseArgs } from 'node:util';
import { OperatorError } from '../src/operator-error.ts';

/** The endpoints that can be measured. */
export const scenarioNames = ['list', 'free'] as const;

/** One of them: `list` of a user's keys, `free` ports of a node. */
export type ScenarioName = (typeof scenarioNames)[number];

/** What the command line asks for. */
export interface BenchOptions {
  /** Length of each round, in whole seconds. */
  readonly seconds: number;
  readonly scenarios: readonly ScenarioName[];
  /** Measure a node with a million ports as well. */
  readonly ports: boolean;
  /** Print the figures as JSON instead of a table. */
  readonly json: boolean;
  /** Where to write a CPU profile of the service instead of measuring it; null measures. */
  readonly profile: string | null;
  /** Measure what each worker adds, instead of the service beside the bare server. */
  readonly workers: boolean;
}

/** What `--help` prints. */
export const usage = `npm run bench -- [options]
  --seconds N        length of each round, in seconds (default 4)
  --only WHAT        measure one thing only: list (of keys), free (ports of a node with 100,000),
                     or ports (search and claims on a node with a million)
  --json             print the figures as JSON
  --workers          measure what each worker adds, from one to as many as there are cores
  --profile FILE     instead of measuring, write a CPU profile of the service under 64 connections
                     and print where its time goes
`;

/**
 * Reads the command line; null asks for the usage.
 *
 * @throws OperatorError for an option or a value that is not known
 */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const values = parseKnown(args);
  if (values.help) return null;
  return {
    seconds: parseSeconds(values.seconds),
    ...parseOnly(values.only),
    json: values.json,
    profile: values.profile ?? null,
    workers: values.workers,
  };
}

function parseKnown(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '4' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        profile: { type: 'string' },
        workers: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new OperatorError(error instanceof Error ? error.message : String(error));
  }
}

function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new OperatorError(`--seconds ${text}: give a whole number from 1 up`);
  return Number(text);
}

function parseOnly(name: string | undefined): Pick<BenchOptions, 'scenarios' | 'ports'> {
  if (name === undefined) return { scenarios: scenarioNames, ports: true };
  if (name === 'ports') return { scenarios: [], ports: true };
  const known = scenarioNames.find((scenario) => scenario === name);
  if (known !== undefined) return { scenarios: [known], ports: false };
  throw new OperatorError(`--only ${name}: give one of ${scenarioNames.join(', ')}, ports`);
}
