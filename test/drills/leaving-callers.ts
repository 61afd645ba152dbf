import { Agent } from 'node:http';
import { type Answer, send } from '../support/client.ts';

/** Who asks, and what. */
export interface Leaving {
  readonly key: string;
  /** Half of them keep their connection, half take a new one each time. */
  readonly callers: number;
  /** Path of the keys that a request is about. */
  path(number: number): string;
  /** Begins the descriptions of the keys made. */
  readonly name: string;
}

/** What became of the requests to a service that has stopped. */
export interface Left {
  /** Errors on connections that the service had answered on before, and had not announced to close. */
  readonly lost: readonly string[];
  /** Errors on new connections, which the service may never have seen. */
  readonly unsure: readonly string[];
  /** How many keys answers have told of. */
  readonly made: number;
}

/**
 * Callers who list and make keys without a pause, until the service goes. Those who keep their connection leave when
 * an answer says that it ends, as any client does; the others when they are not let in.
 */
export class LeavingCallers {
  answered = 0;
  readonly #url: string;
  readonly #leaving: Leaving;
  readonly #lost: string[] = [];
  readonly #unsure: string[] = [];
  readonly #working: readonly Promise<void>[];
  #made = 0;
  #count = 0;

  constructor(url: string, leaving: Leaving) {
    this.#url = url;
    this.#leaving = leaving;
    this.#working = Array.from({ length: leaving.callers }, (_, index) =>
      index % 2 === 0 ? this.#keep() : this.#comeAnew(),
    );
  }

  /** Resolves when all have gone. */
  async left(): Promise<Left> {
    await Promise.all(this.#working);
    return { lost: this.#lost, unsure: this.#unsure, made: this.#made };
  }

  async #keep(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let isFirst = true; ; isFirst = false) {
        const answer = await this.#ask(agent, isFirst ? this.#unsure : this.#lost);
        if (answer === null || answer.headers.connection === 'close') return;
      }
    } finally {
      agent.destroy();
    }
  }

  async #comeAnew(): Promise<void> {
    const agent = new Agent({ keepAlive: false });
    while ((await this.#ask(agent, this.#unsure)) !== null);
  }

  /** @param errors where to note that the request failed */
  async #ask(agent: Agent, errors: string[]): Promise<Answer | null> {
    const { key, path, name } = this.#leaving;
    this.#count += 1;
    const number = this.#count;
    const isCreation = number % 2 === 0;
    const body = { description: `${name} ${number}` };
    const request = { path: path(number), key, agent };
    try {
      const answer = await send(this.#url, isCreation ? { ...request, method: 'POST', body } : request);
      if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text}`);
      this.answered += 1;
      if (isCreation) this.#made += 1;
      return answer;
    } catch (error) {
      errors.push(String((error as { code?: string }).code ?? error));
      return null;
    }
  }
}
