import fc from 'fast-check';
import { expect, it } from 'vitest';
import { trimInput } from '../../src/input/trim.ts';

const blank = fc.constantFrom(
  ...[' ', '\t', '\n', '\u0000', '\u00a0', '\u00ad', '\u200b', '\u2800', '\u3000', '\ufeff', '\u{e0001}'],
);
const solid = fc.constantFrom('a', '0', 'é', '😀', '-', 'ﬁ');
const joined = (characters: fc.Arbitrary<string>) =>
  fc.array(characters, { maxLength: 8 }).map((parts) => parts.join(''));

it('cuts blanks off both ends and nothing else', () => {
  const text = fc.tuple(solid, joined(fc.oneof(blank, solid)), solid).map((parts) => parts.join(''));
  fc.assert(
    fc.property(joined(blank), text, joined(blank), (before, kept, after) => {
      expect(trimInput(before + kept + after)).toBe(kept);
    }),
  );
});

it('leaves nothing of blanks alone', () => {
  fc.assert(
    fc.property(joined(blank), (text) => {
      expect(trimInput(text)).toBe('');
    }),
  );
});

it('takes time in proportion to the text', () => {
  const text = `a${' '.repeat(200_000)}b`;
  const from = performance.now();
  expect(trimInput(text)).toBe(text);
  expect(performance.now() - from).toBeLessThan(2000);
});
