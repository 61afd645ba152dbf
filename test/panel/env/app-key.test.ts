import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/operator-error.ts';
import { parseAppKey, parsePreviousKeys, readAppKeys } from '../../../src/panel/env/app-key.ts';

const expected =
  'must be "base64:" followed by 32 bytes in base64, or exactly 32 characters: copy it unchanged from the panel';
const bytes = Buffer.from('00fb1f2e3d4c5b6a798897a6b5c4d3e2f100112233445566778899aabbccddff', 'hex');
const encoded = `base64:${bytes.toString('base64')}`;
const raw = 'abcdefghijklmnopqrstuvwxyzABCDEF';

describe('parseAppKey', () => {
  it('decodes what stands behind base64:', () => {
    expect(parseAppKey('base64:APsfLj1MW2p5iJemtcTT4vEAESIzRFVmd4iZqrvM3f8=')).toEqual(bytes);
  });

  it('takes base64 without padding', () => {
    expect(parseAppKey(encoded.replace('=', ''))).toEqual(bytes);
  });

  it('takes 32 characters as they are', () => {
    expect(parseAppKey(raw).toString('latin1')).toBe(raw);
  });

  it('counts bytes, not characters', () => {
    expect(parseAppKey('ü'.repeat(16))).toHaveLength(32);
    expect(() => parseAppKey('ü'.repeat(32))).toThrow(new OperatorError(`APP_KEY ${expected}`));
  });

  it.each([
    ['empty', ''],
    ['31 characters', raw.slice(1)],
    ['33 characters', `${raw}x`],
    ['base64 of 31 bytes', `base64:${bytes.subarray(1).toString('base64')}`],
    ['base64 of 33 bytes', `base64:${Buffer.concat([bytes, bytes.subarray(0, 1)]).toString('base64')}`],
    ['the URL alphabet', encoded.replaceAll('+', '-').replaceAll('/', '_').replace('APsf', 'AP_f')],
    ['a space in the base64', encoded.replace('APsf', 'AP sf')],
    ['the prefix alone', 'base64:'],
    ['base64 without prefix', bytes.toString('base64')],
  ])('refuses %s without showing it', (_, text) => {
    expect(() => parseAppKey(text)).toThrow(new OperatorError(`APP_KEY ${expected}`));
  });

  it('reads back every key in both forms', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(parseAppKey(`base64:${Buffer.from(key).toString('base64')}`)).toEqual(Buffer.from(key));
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{32}$/), (key) => parseAppKey(key).toString('latin1') === key),
    );
  });
});

describe('parsePreviousKeys', () => {
  it('reads keys of both forms in order', () => {
    expect(parsePreviousKeys(`${encoded},${raw}`)).toEqual([bytes, Buffer.from(raw)]);
  });

  it.each(['', ',', '0', ',0,,'])('finds none in %j', (text) => {
    expect(parsePreviousKeys(text)).toEqual([]);
  });

  it('says which key is wrong without showing it', () => {
    expect(() => parsePreviousKeys(`${encoded},,secret`)).toThrow(
      new OperatorError(`key 2 of APP_PREVIOUS_KEYS ${expected}`),
    );
  });
});

describe('readAppKeys', () => {
  const from = (values: Record<string, string>) => (name: string) => values[name] ?? null;

  it('has the current key first', () => {
    expect(readAppKeys(from({ APP_KEY: raw, APP_PREVIOUS_KEYS: encoded }), 'x')).toEqual([
      Buffer.from(raw),
      bytes,
    ]);
  });

  it('strips quotes that a container left', () => {
    expect(readAppKeys(from({ APP_KEY: `"${encoded}"` }), 'x')).toEqual([bytes]);
  });

  it.each([{}, { APP_KEY: '' }, { APP_KEY: 'null' }])(
    'says where it looked for a missing key: %j',
    (values) => {
      expect(() => readAppKeys(from(values), 'the process environment and /panel/.env')).toThrow(
        new OperatorError(
          'APP_KEY is not set (looked in the process environment and /panel/.env): give the key that the panel' +
            ' itself uses, not a new one',
        ),
      );
    },
  );
});
