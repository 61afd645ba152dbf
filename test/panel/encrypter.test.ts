import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecryptError, Encrypter } from '../../src/panel/encrypter.ts';

const KEY = Buffer.from('0123456789abcdefghijklmnopqrstuv');
const OTHER_KEY = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345');
const SECRET = 'A9b8C7d6E5f4G3h2I1j0K9l8M7n6O5p4';
const MALFORMED = 'The payload is malformed.';
const NO_KEY = 'The payload was not made with any of the keys.';
const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';

// Made once by Laravel 11's Encrypter with KEY, of SECRET: with and without PHP serialisation.
const LARAVEL_SERIALIZED =
  'eyJpdiI6IkQ5a0gzbUdwZVNybFE1dkFVRENFOEE9PSIsInZhbHVlIjoiSFFKNk5XdlNRb2xTVmt1N3BzdEh0TERSWUhneFBr' +
  'Tk1EY1pLNWpaREF5SmlGOSt5cDU0bDdqUHRWSHFCRW5saSIsIm1hYyI6IjM4NzUzYWZjN2RiNGU1Y2Y5ZWZiYmYxMmNiODk3' +
  'OTI1NTNjNzg1YWEyY2M1ODJlZDgwZGQyNmMzOTE4YWM2MDIiLCJ0YWciOiIifQ==';
const LARAVEL_PLAIN =
  'eyJpdiI6IjNwRVR3bWw4QUFJeUxPYmpLYXc4b0E9PSIsInZhbHVlIjoiclVyUW5iMFVhSlBQdnRockh2VU9UaTd3cTJHbVdJ' +
  'emFUbXlnVEQrb3lIVkNHdFVIUlllTUE2UDVHL0RubFFhZSIsIm1hYyI6ImVmMmY1OTI3MTYxYWIxOTM1M2QyNzA4ZTdhZjc1' +
  'ZTI3MzM4ZGYwNmVhODY4MjE1NGYwYjM5ZDlhMWEwOGViNTUiLCJ0YWciOiIifQ==';

const encrypter = new Encrypter([KEY]);

function fieldsOf(payload: string): Record<string, unknown> {
  return JSON.parse(jsonOf(payload));
}

function jsonOf(payload: string): string {
  return Buffer.from(payload, 'base64').toString();
}

function payloadOf(fields: unknown): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64');
}

function mac(iv: string, value: string): string {
  return createHmac('sha256', KEY).update(`${iv}${value}`).digest('hex');
}

/** A payload of SECRET that is right in all but the fields given; its MAC fits the iv and value it has. */
function forge(fields: Record<string, unknown>): string {
  const ivBytes = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', KEY, ivBytes);
  const right = {
    iv: ivBytes.toString('base64'),
    value: Buffer.concat([cipher.update(SECRET), cipher.final()]).toString('base64'),
    tag: '',
  };
  const all = { ...right, ...fields };
  return payloadOf({ mac: mac(String(all.iv), String(all.value)), ...all });
}

function decryptError(payload: string, by: Encrypter = encrypter): DecryptError {
  try {
    by.decrypt(payload);
  } catch (error) {
    if (error instanceof DecryptError) return error;
    throw error;
  }
  throw new Error('The payload was accepted.');
}

describe('encrypt', () => {
  test('makes the fields that the panel makes, in its order', () => {
    const fields = fieldsOf(encrypter.encrypt(SECRET));
    expect(Object.keys(fields)).toEqual(['iv', 'value', 'mac', 'tag']);
    expect(Buffer.from(String(fields.iv), 'base64')).toHaveLength(16);
    expect(fields.mac).toBe(mac(String(fields.iv), String(fields.value)));
    expect(fields.tag).toBe('');
  });

  test.each([SECRET, `s:32:"${SECRET}";`])('makes 256 characters of a secret of 32: %s', (text) => {
    expect(encrypter.encrypt(text)).toHaveLength(256);
  });

  test('takes a new iv each time', () => {
    const ivs = Array.from({ length: 50 }, () => fieldsOf(encrypter.encrypt(SECRET)).iv);
    expect(new Set(ivs).size).toBe(50);
  });

  test('uses the first key', () => {
    const payload = new Encrypter([KEY, OTHER_KEY]).encrypt(SECRET);
    expect(encrypter.decrypt(payload)).toBe(SECRET);
    expect(decryptError(payload, new Encrypter([OTHER_KEY])).message).toBe(NO_KEY);
  });
});

describe('decrypt', () => {
  test("reads Laravel's own payloads", () => {
    expect(encrypter.decrypt(LARAVEL_SERIALIZED)).toBe(`s:32:"${SECRET}";`);
    expect(encrypter.decrypt(LARAVEL_PLAIN)).toBe(SECRET);
  });

  test('tries every key', () => {
    const rotated = new Encrypter([OTHER_KEY, Buffer.alloc(32), KEY]);
    expect(rotated.decrypt(LARAVEL_PLAIN)).toBe(SECRET);
  });

  test('refuses what none of its keys made', () => {
    const error = decryptError(LARAVEL_PLAIN, new Encrypter([OTHER_KEY, Buffer.alloc(32)]));
    expect(error.message).toBe(NO_KEY);
    expect(error.name).toBe('DecryptError');
  });

  test('gives back any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(encrypter.decrypt(encrypter.encrypt(text))).toBe(text);
      }),
    );
  });

  test('accepts a payload without a tag, as older Laravel versions made it', () => {
    expect(encrypter.decrypt(forge({ tag: undefined }))).toBe(SECRET);
  });
});

describe('decrypt refuses', () => {
  const validIv = randomBytes(16).toString('base64');

  test.each<[string, string]>([
    ['nothing', ''],
    ['text that is no base64', 'not base64!'],
    ['base64 with a line feed', `${LARAVEL_PLAIN}\n`],
    ['base64 with a space', ` ${LARAVEL_PLAIN}`],
    ['a line feed after the JSON', Buffer.from(`${jsonOf(LARAVEL_PLAIN)}\n`).toString('base64')],
    ['unpadded base64', Buffer.from('{"iv":1}').toString('base64').replace(/=+$/, '')],
    ['base64 of no JSON', Buffer.from('plain text').toString('base64')],
    ['null', payloadOf(null)],
    ['a number', payloadOf(12345)],
    ['a string', payloadOf(LARAVEL_PLAIN)],
    ['a list', payloadOf(['iv', 'value', 'mac', 'tag'])],
    ['an empty object', payloadOf({})],
    ['an iv of 15 bytes', forge({ iv: randomBytes(15).toString('base64') })],
    ['an iv of 17 bytes', forge({ iv: randomBytes(17).toString('base64') })],
    ['an empty iv', forge({ iv: '' })],
    ['an iv in the URL alphabet', forge({ iv: '--------------------_A==' })],
    ['an iv with stray bits', forge({ iv: 'AAAAAAAAAAAAAAAAAAAAAB==' })],
    ['a numeric iv', forge({ iv: 1 })],
    ['a missing iv', forge({ iv: undefined })],
    ['an empty value', forge({ value: '' })],
    ['a value that is no base64', forge({ value: '!!!!' })],
    ['a value of a broken block', forge({ iv: validIv, value: randomBytes(15).toString('base64') })],
    ['a value with wrong padding', forge({ iv: validIv, value: wronglyPadded(validIv) })],
    ['a list as value', forge({ value: ['AAAA'] })],
    ['a missing value', forge({ value: undefined })],
    ['a mac that is null', forge({ mac: null })],
    ['a missing mac', forge({ mac: undefined })],
    ['a short mac', forge({ mac: 'ab' })],
    ['a mac of 33 bytes', forge({ mac: 'ab'.repeat(33) })],
    ['a tag', forge({ tag: 'AAAA' })],
    ['a tag of "0"', forge({ tag: '0' })],
    ['a tag that is null', forge({ tag: null })],
    ['a tag that is false', forge({ tag: false })],
    ['a further field', forge({ extra: '' })],
  ])('%s', (_what, payload) => {
    expect(decryptError(payload).message).toBe(MALFORMED);
  });

  test('an upper-case mac', () => {
    const fields = fieldsOf(LARAVEL_PLAIN);
    const payload = payloadOf({ ...fields, mac: String(fields.mac).toUpperCase() });
    expect(decryptError(payload).message).toBe(MALFORMED);
  });

  test('iv and value that shift a character between them', () => {
    const { iv, value, mac: signature } = fieldsOf(LARAVEL_PLAIN);
    const payload = payloadOf({
      iv: `${iv}${String(value).charAt(0)}`,
      value: String(value).slice(1),
      mac: signature,
      tag: '',
    });
    expect(decryptError(payload).message).toBe(MALFORMED);
  });

  // The lengths give payloads with none, one and two padding characters.
  test.each([0, 16, 32])('each change of one character of a payload of %i letters', (length) => {
    const payload = encrypter.encrypt('x'.repeat(length));
    for (let at = 0; at < payload.length; at++) {
      for (const digit of BASE64_DIGITS) {
        if (digit === payload[at]) continue;
        const changed = payload.slice(0, at) + digit + payload.slice(at + 1);
        expect(decryptError(changed)).toBeInstanceOf(DecryptError);
      }
    }
  });

  test('a changed, added or lost character of any payload', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 60 });
    const anyCharacter = fc.oneof(
      fc.constantFrom(...BASE64_DIGITS, '-', '_', ' ', '\n'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(anyText, fc.nat(), anyCharacter, fc.constantFrom(0, 1), (text, seed, character, kept) => {
        const payload = encrypter.encrypt(text);
        const at = seed % payload.length;
        fc.pre(kept === 1 || character !== payload[at]);
        const changed = payload.slice(0, at) + character + payload.slice(at + 1 - kept);
        expect(decryptError(changed)).toBeInstanceOf(DecryptError);
        const lost = payload.slice(0, at) + payload.slice(at + 1);
        expect(decryptError(lost)).toBeInstanceOf(DecryptError);
      }),
    );
  });

  test('any other text, with no other error', () => {
    const anyFields = fc.record(
      {
        iv: fc.oneof(fc.base64String({ minLength: 24, maxLength: 24 }), fc.anything()),
        value: fc.oneof(fc.base64String(), fc.anything()),
        mac: fc.oneof(fc.constant('0'.repeat(64)), fc.anything()),
        tag: fc.oneof(fc.constant(''), fc.anything()),
      },
      { requiredKeys: [] },
    );
    const anyPayload = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString('base64')),
      anyFields.map((fields) => Buffer.from(fc.stringify(fields)).toString('base64')),
      anyFields.map((fields) => payloadOf(withoutBigints(fields))),
    );
    fc.assert(
      fc.property(anyPayload, (payload) => {
        expect(decryptError(payload).message).toMatch(
          /^The payload (is malformed|was not made with any of the keys)\.$/,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('an encrypter', () => {
  test.each([0, 16, 31, 33])('takes no key of %i bytes', (length) => {
    expect(() => new Encrypter([KEY, Buffer.alloc(length)])).toThrow(
      new RangeError('An encryption key has 32 bytes.'),
    );
  });

  test('needs a key', () => {
    expect(() => new Encrypter([])).toThrow(new RangeError('An encrypter needs a key.'));
  });

  test('shows no key when printed', () => {
    expect(JSON.stringify(encrypter)).toBe('{}');
  });
});

function wronglyPadded(iv: string): string {
  const cipher = createCipheriv('aes-256-cbc', KEY, Buffer.from(iv, 'base64')).setAutoPadding(false);
  return Buffer.concat([cipher.update('fifteen letters\u0000'), cipher.final()]).toString('base64');
}

function withoutBigints(fields: unknown): unknown {
  return JSON.parse(
    JSON.stringify(fields, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
}
