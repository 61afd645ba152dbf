import type { ConnectionOptions } from 'node:tls';
import ipaddr from 'ipaddr.js';
import type { SslMode } from '../panel/env/database-settings.ts';

/** What the driver says where a server that is asked for encryption has none. */
const hasNone = 'The server does not support SSL connections';
/** PostgreSQL's code for a connection that its rules do not let in, as it is. */
const notLetIn = '28000';

/**
 * Whether connections to a PostgreSQL are encrypted, by the panel's own mode (`sslmode`, as libpq knows it). With
 * `prefer`, the panels' default, they are where the server can, whoever it says it is; on this machine only where it
 * demands it, as nobody listens in between.
 */
export class PostgresEncryption {
  readonly #mode: SslMode;
  #isOn: boolean;

  constructor(mode: SslMode, host: string) {
    this.#mode = mode;
    this.#isOn = mode === 'prefer' ? !isThisMachine(host) : mode !== 'disable';
  }

  /** The driver's option for the next connection. */
  get option(): ConnectionOptions | false {
    return this.#isOn && { rejectUnauthorized: this.#mode === 'verify' };
  }

  /** Learns from a connection that failed. @returns Whether to try it again the other way. */
  turnsFor(error: unknown): boolean {
    if (this.#mode !== 'prefer' || !(error instanceof Error)) return false;
    if (error.message === hasNone) this.#isOn = false;
    else if ((error as { code?: unknown }).code === notLetIn && !this.#isOn) this.#isOn = true;
    else return false;
    return true;
  }
}

function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host.startsWith('/')) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}
