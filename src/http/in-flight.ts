import type { ServerResponse } from 'node:http';

/** The answers that are owed or on their way. */
export class InFlight {
  readonly #responses = new Set<ServerResponse>();
  get size(): number {
    return this.#responses.size;
  }

  /** Counts an answer until it has gone out in full, or its connection is closed. */
  add(response: ServerResponse): void {
    this.#responses.add(response);
    // Not the framework's `onResponse`, which is not called where the client has hung up.
    response.once('close', () => this.#responses.delete(response));
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
