import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
// Bytes from here on are thrown away: folding all 256 values onto 62 characters would favour the first eight.
const LIMIT = 256 - (256 % ALPHABET.length);

/**
 * Random text for identifiers and secrets, each character uniform over `[A-Za-z0-9]` (the alphabet of the
 * panel's `Str::random`) and from the operating system's secure source.
 *
 * @param length how many characters
 */
export function randomAlphanumeric(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < LIMIT) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}
