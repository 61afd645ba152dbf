import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const CIPHER = 'aes-256-cbc';
const KEY_BYTES = 32;
const IV_BYTES = 16;

// Canonical base64 only. Buffer.from skips foreign characters, takes the URL alphabet and ignores the unused
// bits of the last digit, so that several texts would stand for one payload.
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
const BASE64_OF_16_BYTES = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const LOWER_HEX_MAC = /^[0-9a-f]{64}$/;

/**
 * A payload that is malformed, or that none of the keys made, or whose text is not of the form expected. The
 * message says which, and holds neither the payload nor anything decrypted from it.
 */
export class DecryptError extends Error {
  override name = 'DecryptError';
}

interface Payload {
  readonly iv: string;
  readonly value: string;
  readonly mac: string;
}

/**
 * Encrypts and decrypts text as the panel's framework (Laravel's Encrypter) does: AES-256-CBC, then an
 * HMAC-SHA256 with the same key over the two base64 texts `iv` and `value`, all of it wrapped in the base64 of
 * `{"iv":"…","value":"…","mac":"…","tag":""}`. Whether the text inside is PHP-serialised is the panel's
 * choice and not made here (see php-string.ts).
 *
 * Decrypting is on the path of every request, hence the keys prepared once.
 */
export class Encrypter {
  readonly #keys: readonly KeyObject[];
  readonly #current: KeyObject;

  /**
   * @param keys the raw keys of 32 bytes each: the panel's APP_KEY, then its APP_PREVIOUS_KEYS in order.
   *   The first one encrypts; all of them decrypt.
   * @throws RangeError without a key, or for a key of another length
   */
  constructor(keys: readonly Buffer[]) {
    if (keys.some((key) => key.length !== KEY_BYTES)) {
      throw new RangeError(`An encryption key has ${KEY_BYTES} bytes.`);
    }
    this.#keys = keys.map((key) => createSecretKey(key));
    const [current] = this.#keys;
    if (current === undefined) throw new RangeError('An encrypter needs a key.');
    this.#current = current;
  }

  /**
   * @param plaintext well-formed Unicode text; it is encrypted as UTF-8
   * @returns the payload, as the panel stores it in a text column (256 characters for a secret of 32)
   */
  encrypt(plaintext: string): string {
    const ivBytes = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#current, ivBytes);
    const iv = ivBytes.toString('base64');
    const value = cipher.update(plaintext, 'utf8', 'base64') + cipher.final('base64');
    const mac = macOf(this.#current, iv, value).toString('hex');
    // Base64 and hex need no JSON escapes.
    const json = `{"iv":"${iv}","value":"${value}","mac":"${mac}","tag":""}`;
    return Buffer.from(json, 'latin1').toString('base64');
  }

  /**
   * @param payload what `encrypt` here or in the panel returned
   * @returns the text inside, read as UTF-8
   * @throws DecryptError for a malformed payload, and for one that none of the keys made
   */
  decrypt(payload: string): string {
    const { iv, value, mac } = parsePayload(payload);
    const expected = Buffer.from(mac, 'hex');
    for (const key of this.#keys) {
      // The MAC comes first: nothing that the keys did not make reaches the cipher.
      if (timingSafeEqual(macOf(key, iv, value), expected)) return decryptValue(key, iv, value);
    }
    throw new DecryptError('The payload was not made with any of the keys.');
  }
}

function macOf(key: KeyObject, iv: string, value: string): Buffer {
  return createHmac('sha256', key)
    .update(iv + value)
    .digest();
}

function decryptValue(key: KeyObject, iv: string, value: string): string {
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64'));
  try {
    return decipher.update(value, 'base64', 'utf8') + decipher.final('utf8');
  } catch {
    throw malformed();
  }
}

function parsePayload(payload: string): Payload {
  if (!BASE64.test(payload)) throw malformed();
  // Every character of a true payload is ASCII; anything else in a forged one fails the checks below.
  const json = Buffer.from(payload, 'base64').toString('latin1');
  // JSON.parse would allow white space at the end.
  if (!json.endsWith('}')) throw malformed();
  let fields: unknown;
  try {
    fields = JSON.parse(json);
  } catch {
    throw malformed();
  }
  if (!isPayload(fields)) throw malformed();
  return fields;
}

function isPayload(fields: unknown): fields is Payload {
  if (typeof fields !== 'object' || fields === null) return false;
  const { iv, value, mac, tag } = fields as Record<string, unknown>;
  return (
    typeof iv === 'string' &&
    BASE64_OF_16_BYTES.test(iv) &&
    typeof value === 'string' &&
    BASE64.test(value) &&
    typeof mac === 'string' &&
    LOWER_HEX_MAC.test(mac) &&
    // A tag belongs to the AEAD ciphers: empty here, or absent in payloads of older Laravel versions.
    (tag === '' || tag === undefined) &&
    // The MAC covers iv and value alone, so fields beside the known ones could be added by anyone.
    Object.keys(fields).length === (tag === undefined ? 3 : 4)
  );
}

function malformed(): DecryptError {
  return new DecryptError('The payload is malformed.');
}
