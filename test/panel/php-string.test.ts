import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecryptError } from '../../src/panel/encrypter.ts';
import { serializePhpString, unserializePhpString } from '../../src/panel/php-string.ts';

test.each([
  ['', 's:0:"";'],
  ['A9b8', 's:4:"A9b8";'],
  ['Café ☕', 's:9:"Café ☕";'],
  ['𝄞', 's:4:"𝄞";'],
  ['a";b', 's:4:"a";b";'],
  ['a\nb', 's:3:"a\nb";'],
])('%j is serialised with its length in bytes', (text, serialized) => {
  expect(serializePhpString(text)).toBe(serialized);
  expect(unserializePhpString(serialized)).toBe(text);
});

test('any text survives', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(unserializePhpString(serializePhpString(text))).toBe(text);
    }),
  );
});

test.each([
  '',
  'A9b8',
  's:0:";',
  's:1:"";',
  's:5:"Café";'.replace('5', '4'),
  's:4:"A9b8"',
  's:4:A9b8;',
  's:4:"A9b8";s:0:"";',
  's:4:"A9b8"; ',
  's:04:"A9b8";',
  's:+4:"A9b8";',
  's:-1:"";',
  's:4e0:"A9b8";',
  'S:4:"A9b8";',
  'i:4;',
  'b:1;',
  'N;',
  'a:0:{}',
  'O:8:"stdClass":0:{}',
  'x\ns:1:"a";',
  's:1:"a";\n',
])('%j is refused', (text) => {
  expect(() => unserializePhpString(text)).toThrow(
    new DecryptError('The decrypted text is not one PHP-serialised string.'),
  );
});

test('any other text is refused with the same error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(99), (text, length) => {
      fc.pre(Buffer.byteLength(text) !== length);
      expect(() => unserializePhpString(text)).toThrow(DecryptError);
      expect(() => unserializePhpString(`s:${length}:"${text}";`)).toThrow(DecryptError);
    }),
  );
});
