import type { ServerResponse } from 'node:http';
import { Bag, type Bagged } from './bag.ts';

/** The answers that are owed or on their way. */
export class InFlight {
  readonly #responses = new Bag<ServerResponse & Bagged>();
  /** One for all, as each request would have to make its own. */
  readonly #onClose: (this: ServerResponse) => void;

  constructor() {
    const responses = this.#responses;
    this.#onClose = function close() {
      responses.delete(this);
    };
  }

  get size(): number {
    return this.#responses.size;
  }

  /** Counts an answer until it has gone out in full, or its connection is closed. */
  add(response: ServerResponse): void {
    this.#responses.add(response);
    // Not the framework's `onResponse`, which is not called where the client has hung up.
    response.on('close', this.#onClose);
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
