import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DecryptError, Encrypter } from '../../src/panel/encrypter.ts';
import { serializePhpString, unserializePhpString } from '../../src/panel/php-string.ts';
import { randomAlphanumeric } from '../../src/panel/random.ts';
import { installLaravel, missingPhpTools } from '../support/php/laravel-package.ts';

const SCRIPT = fileURLToPath(new URL('../support/php/laravel-encrypter.php', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;

const missing = missingPhpTools();
// In continuous integration a check that did not run is a failure: there the missing program is the error.
const isSkipped = missing.length > 0 && process.env.CI === undefined;
const title = `Laravel's own encrypter${isSkipped ? ` (skipped: no ${missing.join(', no ')} here)` : ''}`;

interface Answer {
  readonly serialized: readonly string[];
  readonly plain: readonly string[];
  readonly fromSerialized: readonly (string | null)[];
  readonly fromPlain: readonly (string | null)[];
}

describe.skipIf(isSkipped)(title, () => {
  const key = randomBytes(32);
  const encrypter = new Encrypter([key]);
  const texts = [
    '',
    'Café ☕ Ключ 鍵 𝄞',
    '";s:1:"x',
    'line\r\nline\u0000',
    'x'.repeat(5_000),
    ...Array.from({ length: 200 }, () => randomAlphanumeric(32)),
    ...fc.sample(fc.string({ unit: 'binary', maxLength: 80 }), 200),
  ];
  let autoload: string;

  beforeAll(async () => {
    if (missing.length > 0) throw new Error(`Install ${missing.join(' and ')} to run this test.`);
    autoload = await installLaravel();
  }, INSTALL_TIMEOUT_MS);

  function laravel(input: { encrypt?: readonly string[]; decrypt?: readonly string[] }): Answer {
    const php = spawnSync('php', [SCRIPT, autoload], {
      input: JSON.stringify({ key: key.toString('base64'), encrypt: [], decrypt: [], ...input }),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(php.stderr).toBe('');
    return JSON.parse(php.stdout);
  }

  function decryptOrNull(payload: string): string | null {
    try {
      return encrypter.decrypt(payload);
    } catch (error) {
      if (error instanceof DecryptError) return null;
      throw error;
    }
  }

  test('makes payloads that are read here', () => {
    const { serialized, plain } = laravel({ encrypt: texts });
    expect(serialized.map((payload) => unserializePhpString(encrypter.decrypt(payload)))).toEqual(texts);
    expect(plain.map((payload) => encrypter.decrypt(payload))).toEqual(texts);
  });

  test('reads the payloads that are made here', () => {
    const serialized = texts.map((text) => encrypter.encrypt(serializePhpString(text)));
    expect(laravel({ decrypt: serialized }).fromSerialized).toEqual(texts);
    const plain = texts.map((text) => encrypter.encrypt(text));
    expect(laravel({ decrypt: plain }).fromPlain).toEqual(texts);
  });

  test('cannot read a plain secret as a serialised one', () => {
    const plain = [encrypter.encrypt(randomAlphanumeric(32))];
    expect(laravel({ decrypt: plain }).fromSerialized).toEqual([null]);
  });

  test('refuses nothing that is accepted here', () => {
    const change = fc.record({ at: fc.nat(255), digit: fc.constantFrom(...'Aa0+/=-_ \n') });
    const changed = fc.sample(change, 1_000).map(({ at, digit }) => {
      const payload = encrypter.encrypt(randomAlphanumeric(32));
      return payload.slice(0, at) + digit + payload.slice(at + 1);
    });
    const made = fc.sample(fc.json(), 200).map((json) => Buffer.from(json).toString('base64'));
    const foreign = new Encrypter([randomBytes(32)]).encrypt('secret');
    const payloads = [...changed, ...made, foreign, encrypter.encrypt('secret')];

    const theirs = laravel({ decrypt: payloads }).fromPlain;
    const ours = payloads.map(decryptOrNull);
    expect(ours.at(-1)).toBe('secret');
    expect(ours.at(-2)).toBeNull();
    for (const [index, text] of ours.entries()) {
      if (text !== null) expect(theirs[index]).toBe(text);
    }
  });
});
