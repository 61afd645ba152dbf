import { hash, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { unauthenticated } from '../api-error.ts';
import { Batcher } from '../database/batcher.ts';
import type { Database } from '../database/database.ts';
import { DecryptError, type Encrypter } from '../panel/encrypter.ts';
import type { Credential, Panel } from '../panel/panel.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import { type BearerToken, parseBearer } from './bearer.ts';

const secretLength = 32;

/**
 * No failure is told sooner, in milliseconds since it was asked. The same work for a key that is there and one that is
 * not would still leave the database a row to read, or none; an instant set before either was known leaves nothing.
 */
const soonestFailureMs = 10;

/** What was found for an identifier: a digest to compare with in any case, and the key if there is one. */
interface Found {
  readonly credential: Credential | null;
  readonly secretDigest: Buffer;
}

/** Tells who a bearer token belongs to, as the panel does. */
export class Authenticator {
  readonly #database: Database;
  readonly #panel: Panel;
  readonly #encrypter: Encrypter;
  readonly #find: Batcher<BearerToken, Credential | null>;
  /** Stands in for the token of a key that is not there, so that its absence takes as long to find. */
  readonly #decoy: string;
  readonly #onUnreadable: (credential: Credential) => void;

  /** @param onUnreadable Told of a stored secret that APP_KEY does not open. */
  constructor(
    database: Database,
    panel: Panel,
    encrypter: Encrypter,
    onUnreadable: (credential: Credential) => void,
  ) {
    this.#database = database;
    this.#panel = panel;
    this.#encrypter = encrypter;
    this.#onUnreadable = onUnreadable;
    this.#decoy = panel.sealSecret(encrypter, randomAlphanumeric(secretLength));
    // Requests that share a round trip share the opening of the secret too, and those with one token the
    // comparison; nothing outlives the batch.
    this.#find = new Batcher(async (tokens) => {
      const distinct = new Map(tokens.map((token) => [token.identifier + token.secret, token]));
      const holders = await this.#findHolders([...distinct.values()]);
      return tokens.map((token) => holders.get(token.identifier + token.secret) ?? null);
    });
  }

  /**
   * The live key that an Authorization header holds.
   *
   * @throws ApiError 401 where it holds none; nothing tells an unknown key from a wrong or expired one, not even
   *   the time it takes.
   */
  async authenticate(authorization: string | undefined, now: Date): Promise<Credential> {
    const askedAt = performance.now();
    const token = parseBearer(authorization);
    const credential = token === null ? null : await this.#find.load(token);
    if (credential !== null && isInForce(credential, now)) return credential;
    await until(askedAt + soonestFailureMs);
    throw unauthenticated();
  }

  /** The keys that these tokens are, by the token's text. */
  async #findHolders(tokens: readonly BearerToken[]): Promise<ReadonlyMap<string, Credential | null>> {
    const identifiers = [...new Set(tokens.map(({ identifier }) => identifier))];
    const credentials = await this.#panel.findCredentials(this.#database.queries, identifiers);
    const bySpelling = new Map(credentials.map((credential) => [credential.identifier, credential]));
    const found = new Map(identifiers.map((name) => [name, this.#open(bySpelling.get(name) ?? null)]));
    return new Map(
      tokens.map(({ identifier, secret }) => {
        const { credential, secretDigest } = found.get(identifier) ?? this.#open(null);
        const isMatch = timingSafeEqual(secretDigest, digest(secret));
        return [identifier + secret, isMatch ? credential : null];
      }),
    );
  }

  /** Opens the stored secret. A key whose secret can't be had counts as none. */
  #open(credential: Credential | null): Found {
    try {
      const secret = this.#panel.openSecret(this.#encrypter, credential?.token ?? this.#decoy);
      return { credential, secretDigest: digest(secret) };
    } catch (error) {
      if (!(error instanceof DecryptError) || credential === null) throw error;
      this.#onUnreadable(credential);
      return this.#open(null);
    }
  }
}

function isInForce({ own, expiresAt }: Credential, now: Date): boolean {
  // Put this way round, a time that can't be read (MySQL's 0000-00-00) is in the past, as it is to the panel.
  return !own.isDisabled && (expiresAt === null || expiresAt >= now);
}

/**
 * Resolves at this instant of `performance.now()`, and not noticeably later. A timer counts whole milliseconds from when
 * the event loop last saw the clock, which was before the work: by itself it would let the work show in how late it
 * wakes. So it ends early, and the rest is waited for turn by turn.
 */
async function until(instant: number): Promise<void> {
  const rest = instant - performance.now() - 1;
  if (rest >= 1) await delay(rest);
  while (performance.now() < instant) await turn();
}

/** Digests are compared, so that neither content nor length of the stored secret shows in the time it takes. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
