import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a socket has seen when it is closed. */
export interface Closed {
  readonly received: string;
  /** How long it was open, in milliseconds. */
  readonly ms: number;
}

/** A socket to a service, for clients that no library is. Errors end it like anything else. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<Closed>;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    const from = performance.now();
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      // Not the events module's `once`, which an error before it rejects.
      socket.once('close', () => resolve({ received: this.#received, ms: performance.now() - from }));
    });
  }

  /**
   * Connects, and sends some bytes.
   *
   * @param from one of 127.0.0.0/8
   */
  static async open(url: string, bytes: string | Buffer = '', from = '127.0.0.1'): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname, localAddress: from });
    const client = new RawClient(socket);
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), client.closed]);
    if (bytes.length > 0) socket.write(bytes);
    return client;
  }

  /** Takes what comes from now on, as without it a socket never ends. */
  read(): this {
    this.socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
    });
    return this;
  }

  /** Sends a byte now and then until the socket is closed. */
  async trickle(byte: string, everyMs: number): Promise<void> {
    while (!this.socket.destroyed) {
      this.socket.write(byte);
      await delay(everyMs);
    }
  }

  /** Goes away without a word, which leaves no trace of the connection in the system either. */
  vanish(): void {
    this.socket.resetAndDestroy();
  }
}

/** The head of a request that makes a key. */
export function headOf(path: string, bearer: string, more: readonly string[]): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${bearer}`, ...more];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
