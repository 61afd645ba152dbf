import { OperatorError } from '../../operator-error.ts';
import { envString } from './value.ts';

/** Length of the panel's key in bytes (cipher AES-256-CBC). */
const KEY_BYTES = 32;

/**
 * Key of the panel's encrypter from the text of APP_KEY: `base64:` and the key in base64 (what
 * `php artisan key:generate` writes), or the key's bytes themselves (what the container image makes).
 *
 * @returns 32 bytes
 * @throws OperatorError without the text, which is a secret
 */
export function parseAppKey(text: string): Buffer {
  return parseKey(text, 'APP_KEY');
}

/**
 * Keys that the panel used before and still decrypts with, from the text of APP_PREVIOUS_KEYS: keys as in
 * {@link parseAppKey}, separated by commas. Empty entries and `0` count for nothing, as in Laravel.
 *
 * @returns 32 bytes each, in the order in which they are to be tried
 * @throws OperatorError without the text, which is a secret
 */
export function parsePreviousKeys(text: string): Buffer[] {
  return text
    .split(',')
    .filter((key) => key !== '' && key !== '0')
    .map((key, index) => parseKey(key, `key ${index + 1} of APP_PREVIOUS_KEYS`));
}

/**
 * All keys of the panel, the one that encrypts first.
 *
 * @param variable value of an environment variable, or `null` if it is not set
 * @param lookedIn where `variable` looks, for the message if there is no APP_KEY
 * @throws OperatorError
 */
export function readAppKeys(
  variable: (name: string) => string | null,
  lookedIn: string,
): readonly [Buffer, ...Buffer[]] {
  const current = envString(variable('APP_KEY'));
  if (current === '') {
    throw new OperatorError(
      `APP_KEY is not set (looked in ${lookedIn}): give the key that the panel itself uses, not a new one`,
    );
  }
  return Object.freeze<[Buffer, ...Buffer[]]>([
    parseAppKey(current),
    ...parsePreviousKeys(envString(variable('APP_PREVIOUS_KEYS'))),
  ]);
}

function parseKey(text: string, what: string): Buffer {
  const encoded = text.startsWith('base64:') ? text.slice('base64:'.length) : null;
  // Checked first, because Buffer.from() skips and reinterprets what is no base64.
  if (encoded === null || /^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    const key = Buffer.from(encoded ?? text, encoded === null ? 'utf8' : 'base64');
    if (key.length === KEY_BYTES) return key;
  }
  throw new OperatorError(
    `${what} must be "base64:" followed by ${KEY_BYTES} bytes in base64, or exactly ${KEY_BYTES} characters:` +
      ' copy it unchanged from the panel',
  );
}
