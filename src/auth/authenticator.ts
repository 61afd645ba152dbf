import { createHash, timingSafeEqual } from 'node:crypto';
import { unauthenticated } from '../api-error.ts';
import { Batcher } from '../database/batcher.ts';
import type { Database } from '../database/database.ts';
import { DecryptError, type Encrypter } from '../panel/encrypter.ts';
import type { Credential, Panel } from '../panel/panel.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import { parseBearer } from './bearer.ts';

const secretLength = 32;

/** Tells who a bearer token belongs to, as the panel does. */
export class Authenticator {
  readonly #panel: Panel;
  readonly #encrypter: Encrypter;
  readonly #find: Batcher<string, Credential | null>;
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
    this.#panel = panel;
    this.#encrypter = encrypter;
    this.#onUnreadable = onUnreadable;
    this.#decoy = panel.sealSecret(encrypter, randomAlphanumeric(secretLength));
    this.#find = new Batcher(async (identifiers) => {
      const distinct = [...new Set(identifiers)];
      const found = await panel.findCredentials(database.queries, distinct);
      const bySpelling = new Map(found.map((credential) => [credential.identifier, credential]));
      return identifiers.map((identifier) => bySpelling.get(identifier) ?? null);
    });
  }

  /**
   * The live key that an Authorization header holds.
   *
   * @throws ApiError 401 where it holds none; nothing tells an unknown key from a wrong or expired one.
   */
  async authenticate(authorization: string | undefined, now: Date): Promise<Credential> {
    const token = parseBearer(authorization);
    if (token === null) throw unauthenticated();
    const credential = await this.#find.load(token.identifier);
    const isMatch = sameSecret(this.#openSecret(credential), token.secret);
    if (credential === null || !isMatch) throw unauthenticated();
    if (credential.expiresAt !== null && credential.expiresAt < now) throw unauthenticated();
    return credential;
  }

  /** The stored secret, or null where it can't be had. */
  #openSecret(credential: Credential | null): string | null {
    try {
      const secret = this.#panel.openSecret(this.#encrypter, credential?.token ?? this.#decoy);
      return credential === null ? null : secret;
    } catch (error) {
      if (!(error instanceof DecryptError) || credential === null) throw error;
      this.#onUnreadable(credential);
      return null;
    }
  }
}

/** Compares digests, so that neither content nor length of the stored secret shows in the time it takes. */
function sameSecret(stored: string | null, sent: string): boolean {
  const isSame = timingSafeEqual(digest(stored ?? ''), digest(sent));
  return stored !== null && isSame;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
