import { createHmac } from 'node:crypto';

/** What stands before the base64 of a secret. */
const secretPrefix = 'whsec_';

/**
 * The headers by which a receiver knows who sent a message and that nobody sends it again later, as the
 * Standard Webhooks specification has them.
 */
export interface SignedHeaders {
  /** The same in every try, so that a receiver can tell a repeat. */
  readonly 'webhook-id': string;
  /** Unix seconds of this try. */
  readonly 'webhook-timestamp': string;
  /** `v1,` and the base64 of an HMAC-SHA256. */
  readonly 'webhook-signature': string;
}

/** Signs messages with one endpoint's secret, which nothing that prints this object shows. */
export class Signer {
  readonly #key: Buffer;

  /** @param secret `whsec_` and the key's base64. */
  constructor(secret: string) {
    this.#key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
  }

  /** The headers of one try. @param body The exact text that is sent. */
  sign(messageId: string, body: string, now: Date): SignedHeaders {
    const timestamp = String(Math.floor(now.getTime() / 1000));
    const signed = `${messageId}.${timestamp}.${body}`;
    const signature = createHmac('sha256', this.#key).update(signed).digest('base64');
    return {
      'webhook-id': messageId,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
  }
}
