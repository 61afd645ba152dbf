import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

/** Pairs of requests that are compared. */
const pairs = 1500;
const warmUp = 100;
/** Standard deviations of chance: so far goes by itself one measurement in a million. */
const certainty = 5;

/** How a pair of guesses came out: how much longer the second kind took, in ms. */
interface Comparison {
  /** Median of the time that a guess takes, in ms. */
  readonly typical: number;
  /** Bounds between which the median of the differences lies. */
  readonly from: number;
  readonly to: number;
}

const told = ({ typical, from, to }: Comparison) =>
  `${typical.toFixed(3)} ms; the second kind takes from ${from.toFixed(4)} to ${to.toFixed(4)} ms longer`;

describe.each(cells)('guesses at keys on %s', (cell) => {
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
  });
  afterAll(() => sidecar.close());

  /** Asks one after the other, in random order within each pair, so that what else the machine does hits both. */
  async function compare(first: () => string, second: () => string): Promise<Comparison> {
    const user = await sidecar.seed.user();
    const time = async (bearer: string) => {
      const start = performance.now();
      const { status } = await send(sidecar.service.url, { path: keysOf(user), key: bearer });
      const passed = performance.now() - start;
      if (status !== 401 && status !== 429) throw new Error(`a guess was answered ${status}`);
      return passed;
    };
    const times: number[] = [];
    const differences: number[] = [];
    for (let index = -warmUp; index < pairs; index += 1) {
      const isFirst = Math.random() < 0.5;
      const one = await time(isFirst ? first() : second());
      const other = await time(isFirst ? second() : first());
      if (index < 0) continue;
      times.push(isFirst ? one : other);
      differences.push(isFirst ? other - one : one - other);
    }
    const sorted = differences.toSorted((a, b) => a - b);
    // Ranks of a median's confidence interval by the sign test, which asks nothing of the distribution.
    const reach = (certainty * Math.sqrt(pairs)) / 2;
    const at = (rank: number) => sorted[Math.round(rank)] ?? Number.NaN;
    const typical = times.toSorted((a, b) => a - b)[pairs / 2] ?? Number.NaN;
    return { typical, from: at(pairs / 2 - reach), to: at(pairs / 2 + reach) };
  }

  it('tell an unknown key from a wrong secret by no time that could be measured', async () => {
    const known = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    const secret = () => crypto.randomUUID().replaceAll('-', '');
    const name = () => known.identifier.slice(0, 5) + crypto.randomUUID().replaceAll('-', '').slice(0, 11);
    const found = await compare(
      () => name() + secret(),
      () => known.identifier + secret(),
    );
    process.stdout.write(`${cell}: ${told(found)}\n`);
    // No difference is among those that chance allows for, and it allows for little.
    expect(found.from).toBeLessThanOrEqual(0);
    expect(found.to).toBeGreaterThanOrEqual(0);
    expect(found.to - found.from).toBeLessThan(0.05 * found.typical);
  }, 600_000);
});
