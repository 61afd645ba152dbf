import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Bag, type Bagged } from './bag.ts';

/** Answers owed on a connection; noted on it. */
const owed = Symbol('owed');
type Owing = Socket & { [owed]?: number };

/** The answers that are owed or on their way. */
export class InFlight {
  readonly #responses = new Bag<ServerResponse & Bagged>();
  /** One for all, as each request would have to make its own. */
  readonly #onClose: (this: ServerResponse) => void;

  constructor() {
    const responses = this.#responses;
    this.#onClose = function close() {
      responses.delete(this);
      const connection: Owing = this.req.socket;
      connection[owed] = (connection[owed] ?? 0) - 1;
    };
  }

  get size(): number {
    return this.#responses.size;
  }

  /**
   * Counts an answer until it has gone out in full, or its connection is closed.
   *
   * @returns how many are owed on its connection, which are more than one where a client does not wait for them
   */
  add(response: ServerResponse): number {
    this.#responses.add(response);
    // Not the framework's `onResponse`, which is not called where the client has hung up.
    response.on('close', this.#onClose);
    const connection: Owing = response.req.socket;
    const count = (connection[owed] ?? 0) + 1;
    connection[owed] = count;
    return count;
  }

  /** Those whose request has arrived in full. */
  arrived(): readonly ServerResponse[] {
    return [...this.#responses].filter((response) => response.req.complete);
  }

  /** Those that are complete and wait for their client to take them. */
  unread(): readonly ServerResponse[] {
    return [...this.#responses].filter((response) => response.writableEnded);
  }
}
