import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Sent, send } from '../support/client.ts';

/** What became of a request. */
export interface Outcome {
  /** What was asked for, in a word. */
  readonly kind: string;
  /** When it was sent and when answered, as `performance.now` tells it. */
  readonly from: number;
  readonly to: number;
  /** 0 where the connection broke. */
  readonly status: number;
  /** Why it broke, or '' where it did not. */
  readonly code: string;
  readonly retryAfter: string | undefined;
}

/** A request of one kind; the number is another one each time. */
export type Asked = Readonly<Record<string, (number: number) => Sent>>;

/** How many ask, and how long each waits after an answer, in milliseconds. */
export interface LoadSize {
  readonly callers: number;
  readonly pauseMs?: (outcome: Outcome) => number;
}

/** Callers who ask one thing after the other, each over a connection of its own, until they are told to stop. */
export class SteadyLoad {
  readonly outcomes: Outcome[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #working: readonly Promise<void>[];
  #isOver = false;
  #count = 0;

  constructor(url: string, asked: Asked, { callers, pauseMs = () => 0 }: LoadSize) {
    const kinds = Object.entries(asked);
    this.#working = Array.from({ length: callers }, async (_, caller) => {
      for (let turn = caller; !this.#isOver; turn += 1) {
        const [kind, ask] = kinds[turn % kinds.length] as (typeof kinds)[number];
        this.#count += 1;
        const outcome = await this.#send(url, kind, ask(this.#count));
        this.outcomes.push(outcome);
        const pause = pauseMs(outcome);
        if (pause > 0) await delay(pause);
      }
    });
  }

  /** Resolves when all callers have been answered for the last time. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#working);
    this.#agent.destroy();
  }

  async #send(url: string, kind: string, sent: Sent): Promise<Outcome> {
    const from = performance.now();
    const ended = (status: number, code: string, answer?: Answer) => ({
      ...{ kind, from, to: performance.now(), status, code },
      retryAfter: answer?.headers['retry-after'],
    });
    try {
      const answer = await send(url, { ...sent, agent: this.#agent });
      return ended(answer.status, '', answer);
    } catch (error) {
      return ended(0, String((error as { code?: string }).code ?? error));
    }
  }
}

/** How often what was answered, by status: `{ 200: 12, 503: 3 }`. */
export function byStatus(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** How long each took, in milliseconds. */
export function timesOf(outcomes: readonly Outcome[]): readonly number[] {
  return outcomes.map(({ from, to }) => to - from);
}
