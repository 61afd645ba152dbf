import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure } from '../../src/database/errors.ts';
import { type AnsweredClaim, claimOf, type PortPanel } from '../support/port-panel.ts';
import { until } from '../support/sidecar.ts';
import { type Claiming, claimingAs, idsOf } from './claiming.ts';
import { type DrillBounds, findOverlaps, findWrong } from './drill-checks.ts';
import { DrillLog } from './drill-log.ts';

/** How large a drill is. */
export interface DrillOptions extends DrillBounds {
  readonly seconds: number;
  /** Callers at the same time, by turns at each of the services. */
  readonly workers: number;
  /** Users that they belong to. */
  readonly users: number;
  readonly nodes: number;
  /** On each of two addresses of a node. */
  readonly portsPerAddress: number;
}

/** What a drill found. */
export interface DrillReport {
  /** How many claims were made. */
  readonly claims: number;
  /** How often what was answered. */
  readonly answers: Readonly<Record<string, number>>;
  /** What must not be; none where all is well. */
  readonly problems: readonly string[];
}

/**
 * Lets many callers claim, use, release, extend, replace and forget ports at the same time, while the panel
 * takes some for itself, and looks for ports that are held twice or lost: all the while, and in the end.
 */
export async function runDrill(started: PortPanel, options: DrillOptions): Promise<DrillReport> {
  const drill = new Drill(started, options);
  await drill.prepare();
  await drill.run();
  await drill.settle();
  const { log } = drill;
  return { claims: log.claims.size, answers: Object.fromEntries(log.answers), problems: log.problems };
}

/** Answers to a caller whose wish cannot be granted now, or who asked while the database was busy. */
const notNow = [409, 429, 503];

class Drill {
  readonly log = new DrillLog();
  readonly #started: PortPanel;
  readonly #options: DrillOptions;
  #nodes: number[] = [];
  #claimings: Claiming[] = [];
  /** A server that gets the ports which the panel takes for itself. */
  #thief = 0;
  #isOver = false;

  constructor(started: PortPanel, options: DrillOptions) {
    this.#started = started;
    this.#options = options;
  }

  async prepare(): Promise<void> {
    const { seed, services } = this.#started;
    const { nodes, portsPerAddress, users, workers, memory } = this.#options;
    const pairs = ['10.0.0.1', '10.0.0.2'].flatMap((ip) =>
      Array.from({ length: portsPerAddress }, (_, index) => ({ ip, port: 20_000 + index })),
    );
    for (let count = 0; count < nodes; count += 1) {
      const node = await seed.node({ memory });
      await seed.ports(node, pairs);
      this.#nodes.push(node);
    }
    const other = await seed.node({ isPublic: false });
    this.#thief = await seed.server(other, await seed.ports(other, [{ ip: '10.0.0.1', port: 1 }]));
    const keys: string[] = [];
    for (let count = 0; count < users; count += 1) keys.push(await seed.key(await seed.admin()));
    this.#claimings = Array.from({ length: workers }, (_, index) =>
      claimingAs(this.#started, keys[index % users], index % services.length),
    );
  }

  async run(): Promise<void> {
    const watching = this.#watch();
    const working = this.#claimings.map((claiming) => this.#work(claiming));
    const stealing = this.#steal();
    await delay(this.#options.seconds * 1000);
    this.#isOver = true;
    await Promise.all([watching, stealing, ...working]);
  }

  /** Waits until every claim has ended, and claims every port, to see that all are there. */
  async settle(): Promise<void> {
    const { panel, seed } = this.#started;
    await seed.deleteServer(this.#thief);
    await until(async () => {
      const [open] = await panel.query('select count(*) as number from sidecar_claims where outcome is null');
      const [held] = await panel.query('select count(*) as number from sidecar_holds');
      return Number(open?.number) === 0 && Number(held?.number) === 0;
    });
    this.log.problems.push(...(await findOverlaps(panel, this.log)));
    for (const node of this.#nodes) await this.#claimAll(node);
  }

  async #claimAll(node: number): Promise<void> {
    const { panel, seed } = this.#started;
    const total = 2 * this.#options.portsPerAddress;
    const ids = new Set<number>();
    while (ids.size < total) {
      const count = Math.min(this.#options.maxHeld, 100, total - ids.size);
      const claiming = claimingAs(this.#started, await seed.key(await seed.admin()));
      const answer = await claiming.tryClaim({ node_ids: [node], count, ttl_seconds: 3600 });
      if (answer.status !== 201) break;
      for (const id of idsOf(claimOf(answer))) ids.add(id);
    }
    const [row] = await panel.query('select count(*) as number from allocations where node_id = ?', [node]);
    if (ids.size === total && Number(row?.number) === total) return;
    this.log.problems.push(`of the ${total} ports of node ${node}, ${ids.size} can be claimed in the end`);
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      this.log.problems.push(...(await findWrong(this.#started.panel, this.#options, this.log)));
      await delay(50);
    }
  }

  /** Takes ports away under claims, and gives them back. */
  async #steal(): Promise<void> {
    const { panel, seed } = this.#started;
    while (!this.#isOver) {
      // Of a claim of several ports: one that is a server's with all its ports is used.
      const [row] = await panel.query(
        'select min(allocation_id) as id from sidecar_holds group by claim_id having count(*) > 1 limit 1',
      );
      if (row !== undefined) {
        const ids = [Number(row.id)];
        await this.log.taking(ids, () => seed.assign(this.#thief, ids));
      }
      await delay(100);
      await panel.execute('update allocations set server_id = null where server_id = ? and port <> 1', [
        this.#thief,
      ]);
    }
  }

  async #work(claiming: Claiming): Promise<void> {
    while (!this.#isOver) {
      const isLeft = randomInt(5) === 0;
      const answer = await claiming.tryClaim({ ...this.#anyWish(), ttl_seconds: isLeft ? 1 : 10 });
      this.log.answered('claim', answer.status, [201, ...notNow]);
      if (answer.status !== 201) continue;
      const claim = claimOf(answer);
      this.log.made(claim.id, idsOf(claim));
      if (!isLeft) await this.#goOn(claiming, claim);
      else if (randomInt(3) === 0) await this.#useLate(claiming, claim);
    }
  }

  #anyWish(): object {
    const prefers = ['least-used', 'most-used', 'random', 'lowest'];
    return {
      ...{ count: 1 + randomInt(4), consecutive: randomInt(3) === 0, same_ip: randomInt(3) === 0 },
      prefer: prefers[randomInt(prefers.length)],
      ...(randomInt(2) === 0 ? { memory: 1 + randomInt(this.#options.memory / 10) } : {}),
      ...(randomInt(3) === 0 ? { node_ids: [this.#nodes[randomInt(this.#nodes.length)]] } : {}),
    };
  }

  async #goOn(claiming: Claiming, claim: AnsweredClaim): Promise<void> {
    const next = [
      () => this.#use(claiming, claim),
      () => this.#release(claiming, claim),
      () => this.#replace(claiming, claim),
      () => this.#extend(claiming, claim),
    ];
    await delay(randomInt(20));
    await next[randomInt(next.length)]?.();
  }

  async #release(claiming: Claiming, { id }: AnsweredClaim): Promise<void> {
    this.log.ending(id);
    const { status } = await claiming.release(id);
    if (status !== 204) this.log.notEnded(id);
    this.log.answered('release', status, [204, 503]);
  }

  async #replace(claiming: Claiming, claim: AnsweredClaim): Promise<void> {
    this.log.ending(claim.id);
    const answer = await claiming.replace(claim.id);
    this.log.answered('replace', answer.status, [201, ...notNow]);
    if (answer.status !== 201) {
      this.log.notEnded(claim.id);
      return this.#release(claiming, claim);
    }
    const made = claimOf(answer);
    this.log.made(made.id, idsOf(made));
    await this.#goOn(claiming, made);
  }

  async #extend(claiming: Claiming, claim: AnsweredClaim): Promise<void> {
    const answer = await claiming.extend(claim.id, { ttl_seconds: 1 + randomInt(10) });
    this.log.answered('extend', answer.status, [200, ...notNow]);
    await this.#release(claiming, claim);
  }

  /** Comes too late: its time is over, and others may have had its ports for a while. */
  async #useLate(claiming: Claiming, claim: AnsweredClaim): Promise<void> {
    await delay(1700);
    await this.#use(claiming, claim);
  }

  /** Makes a server of it, as the panel would, and takes the server away again. */
  async #use(claiming: Claiming, claim: AnsweredClaim): Promise<void> {
    const { seed, panel } = this.#started;
    this.log.ending(claim.id);
    const ids = idsOf(claim);
    const server = await this.log
      .taking(ids, () => seed.server(claim.node_id, ids))
      .catch((error: unknown) => {
        // Some panels let no two servers have the same first port.
        if (classifyFailure(error) === 'duplicate') return null;
        throw error;
      });
    if (server === null) {
      this.log.notEnded(claim.id);
      return this.#release(claiming, claim);
    }
    const [row] = await panel.query('select count(*) as number from allocations where server_id = ?', [
      server,
    ]);
    if (Number(row?.number) < claim.ports.length) {
      // The panel had taken one.
      await seed.deleteServer(server);
      this.log.notEnded(claim.id);
      return this.#release(claiming, claim);
    }
    const shown = await claiming.view(claim.id).catch(() => null);
    // On a slow machine its time may have been over before; whether another had its ports then, is checked after.
    const isOver = shown !== null && shown.status === 'expired' && Date.parse(shown.expires_at) <= Date.now();
    if (shown !== null && shown.status !== 'used' && !isOver) {
      this.log.problems.push(`claim ${claim.id} is ${shown.status}, though a server has all its ports`);
    }
    await seed.deleteServer(server);
  }
}
