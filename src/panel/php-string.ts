import { DecryptError } from './encrypter.ts';

/**
 * PHP's `serialize` of a string: `s:<length in bytes>:"<text>";`. Pterodactyl encrypts its secrets in this
 * form, Pelican without it.
 *
 * @param text well-formed Unicode; PHP counts its UTF-8 bytes
 */
export function serializePhpString(text: string): string {
  return `s:${Buffer.byteLength(text)}:"${text}";`;
}

const SERIALIZED_STRING = /^s:(0|[1-9]\d*):"(.*)";$/s;

/**
 * The inverse of `serializePhpString`. Stricter than PHP's `unserialize`: exactly one string and nothing after
 * it, since no other type is ever stored where this is used.
 *
 * @throws DecryptError for everything else: a secret in another form is as unreadable as one that does not
 *   decrypt. The message does not repeat the input.
 */
export function unserializePhpString(serialized: string): string {
  const [, bytes, text] = SERIALIZED_STRING.exec(serialized) ?? [];
  if (text === undefined || Buffer.byteLength(text) !== Number(bytes)) {
    throw new DecryptError('The decrypted text is not one PHP-serialised string.');
  }
  return text;
}
