import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PhpValue, parsePhpReturn } from '../../../src/panel/env/php-literal.ts';

/** Plain objects in place of maps, for comparison. */
function plain(value: PhpValue): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner as PhpValue)]));
}

describe('a file written by PHP', () => {
  const text = readFileSync(new URL('cached-config.php.txt', import.meta.url), 'utf8');

  it('is read whole, objects and constants left out', () => {
    expect(plain(parsePhpReturn(text))).toStrictEqual({
      app: {
        name: 'O\'Panel \\ "x"',
        env: 'production',
        debug: false,
        url: 'https://panel.example.com',
        timezone: 'Europe/Berlin',
        key: 'base64:APsfLj1MW2p5iJemtcTT4vEAESIzRFVmd4iZqrvM3f8=',
        cipher: 'AES-256-CBC',
        previous_keys: {},
      },
      odd: {
        nul: "a\0b'c",
        'only nul': '\0',
        lines: 'one\ntwo\r\nthree',
        'backslash at the end': 'a\\',
        rule: undefined,
        object: undefined,
        'no object': undefined,
        enum: undefined,
        class: 'Rule',
        smallest: undefined,
        fraction: 1.5,
        float: 1,
        large: 1e30,
        negative: -3,
        nan: undefined,
        infinite: undefined,
        null: null,
        empty: '',
        list: { 0: 'a', 1: { 0: true } },
        '-5': 'negative key',
        "it's": 'quoted key',
        '=>': 'arrow key',
      },
      database: {
        default: 'mysql',
        connections: {
          mysql: {
            driver: 'mysql',
            url: null,
            host: '127.0.0.1',
            port: '3306',
            database: 'panel',
            username: 'pterodactyl',
            password: "p'a\\ss",
            unix_socket: '',
            charset: 'utf8mb4',
            collation: 'utf8mb4_unicode_ci',
            prefix: '',
            prefix_indexes: true,
            strict: false,
            timezone: '+02:00',
            options: { 1014: true },
          },
        },
        migrations: 'migrations',
      },
    });
  });

  it('is refused wherever it is cut off', () => {
    const whole = text.trimEnd();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(() => parsePhpReturn(whole.slice(0, length))).toThrow(SyntaxError);
      }),
    );
  });
});

describe('other files', () => {
  it.each([
    ['', '"<?php return" expected at character 1'],
    ['return 1;', '"<?php return" expected at character 1'],
    ['<?php return 1', 'end of the file inside a value at character 14'],
    ["<?php return 'secret", 'end of the file inside a value at character 14'],
    ["<?php return 'a'; echo 'secret';", '";" expected at character 17'],
    ["<?php return array ('secret');", 'a key and "=>" expected at character 29'],
    ["<?php return array ('a' => 'secret'; 'b' => 2);", '"," or ")" expected at character 36'],
    [
      `<?php return ${"array ('a' => ".repeat(101)}1${')'.repeat(101)};`,
      'too many nested arrays at character 1421',
    ],
  ])('are refused without showing them: %s', (text, message) => {
    expect(() => parsePhpReturn(text)).toThrow(new SyntaxError(message));
  });

  it('are never run', () => {
    expect(plain(parsePhpReturn("<?php return array ('a' => system('id, )'), 'b' => 1);"))).toEqual({
      a: undefined,
      b: 1,
    });
  });

  it('are read or refused with a SyntaxError', () => {
    const parts = [
      'array (',
      '(',
      ')',
      ',',
      '=>',
      "'",
      '"',
      '\\',
      '"\\0"',
      '.',
      '1',
      '-',
      'NULL',
      'x::y',
      ' ',
      '\n',
      ';',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 30 }), (pieces) => {
        try {
          parsePhpReturn(`<?php return ${pieces.join('')};`);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what var_export() writes', () => {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', `' . "\\0" . '`)}'`;

  function exported(value: unknown): string {
    if (typeof value === 'string') return quoted(value);
    if (value === null) return 'NULL';
    if (typeof value !== 'object') return String(value);
    const entries = Object.entries(value).map(
      ([key, inner]) => `  ${quoted(key)} => \n  ${exported(inner)},\n`,
    );
    return `array (\n${entries.join('')})`;
  }

  it('is read back', () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom("'", '\\', '\0', '\n'), fc.string()) });
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.dictionary(text, tie('tree'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(plain(parsePhpReturn(`<?php return ${exported(value)};\n`))).toEqual(value);
      }),
    );
  });
});
