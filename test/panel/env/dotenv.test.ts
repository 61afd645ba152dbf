import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/operator-error.ts';
import { parseDotenv } from '../../../src/panel/env/dotenv.ts';

interface Case {
  case: string;
  text: string;
  inherited?: Record<string, string>;
  /** what the panel's own reader (vlucas/phpdotenv 5.8) made of the text; `null` where it refused it */
  values: Record<string, string | null> | null;
}

const cases: Case[] = JSON.parse(readFileSync(new URL('dotenv-cases.json', import.meta.url), 'utf8'));

function messageOf(text: string): string {
  try {
    parseDotenv(text, {});
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  throw new Error('not refused');
}

describe("what the panel's own reader does", () => {
  it('covers accepted and refused files', () => {
    expect(cases.filter(({ values }) => values === null)).toHaveLength(18);
    expect(cases.filter(({ values }) => values !== null)).toHaveLength(60);
  });

  for (const { case: name, text, inherited = {}, values } of cases) {
    it(name, () => {
      if (values === null) expect(() => parseDotenv(text, inherited)).toThrow(OperatorError);
      else expect(Object.fromEntries(parseDotenv(text, inherited))).toEqual(values);
    });
  }
});

describe('messages', () => {
  it.each([
    ['A=1\n\n=b', 'line 3: there is no name in front of "="'],
    ['A B', 'line 1: not of the form NAME=value (a name has letters, digits, "_" and "." only)'],
    ['A=1\nB=x y', 'line 2: text behind the value (put the whole value into double quotes)'],
    ["A=1\r\nB='x", 'line 2: the closing single quote of the value is missing'],
    ['A="1\n2"\nB="x\ny\nz', 'line 3: the closing double quote of the value is missing'],
    ['A="x\\', 'line 1: the closing double quote of the value is missing'],
    [
      '# c\nA="1\n\\x"',
      'line 2: an unknown escape in the double-quoted value (write \\\\ for a backslash, or use single quotes)',
    ],
  ])('of %j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it('never hold the value', () => {
    const value = fc.stringMatching(/^[a-z]{12,20}$/);
    const broken = fc.constantFrom<(v: string) => string>(
      (v) => `A=${v} ${v}`,
      (v) => `A='${v}`,
      (v) => `A="${v}`,
      (v) => `A="\\x${v}"`,
      (v) => `=${v}`,
      (v) => `-${v}`,
    );
    fc.assert(fc.property(value, broken, (v, write) => !messageOf(write(v)).includes(v)));
  });
});

describe('names that every JavaScript object has', () => {
  it('are not taken for inherited ones', () => {
    expect(parseDotenv(`constructor=a\nB=\${toString}`, {})).toEqual(
      new Map([
        ['constructor', 'a'],
        ['B', `\${toString}`],
      ]),
    );
  });
});

describe('any text', () => {
  const fragment = fc.constantFrom(
    ...[
      'A=',
      'B="',
      "C='",
      '="',
      '"',
      "'",
      '\\',
      '$',
      `\${A}`,
      '${',
      '}',
      ' ',
      '\n',
      '\r\n',
      '#',
      'x',
      'export ',
      '\0',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragment, { maxLength: 20 }).map((parts) => parts.join('')),
  );

  it('is read or refused with an OperatorError', () => {
    fc.assert(
      fc.property(text, fc.dictionary(fc.constantFrom('A', 'B'), fc.string()), (source, inherited) => {
        try {
          for (const value of parseDotenv(source, inherited).values()) {
            expect(value === null || typeof value === 'string').toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OperatorError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('round trips', () => {
  const escapes: Record<string, string> = {
    '"': '\\"',
    '\\': '\\\\',
    $: '\\$',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\f': '\\f',
    '\v': '\\v',
  };
  const escaped = (value: string) => value.replace(/["\\$\n\r\t\f\v]/g, (found) => escapes[found] ?? found);

  it('of double-quoted values with escapes', () => {
    const value = fc.string({
      unit: fc.oneof(fc.constantFrom(...Object.keys(escapes), '#', "'", '{'), fc.string()),
    });
    fc.assert(
      fc.property(value, (v) => {
        expect([...parseDotenv(`A="${escaped(v)}" # comment\nB=\${A}`, {})]).toEqual([
          ['A', v],
          ['B', v],
        ]);
      }),
    );
  });

  it('of unquoted values without special characters', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_.:/@+=?&,;!%*()[\]{}~^|<>-]*$/);
    fc.assert(fc.property(value, (v) => parseDotenv(`A=${v}`, {}).get('A') === v));
  });

  it('of single-quoted values on one line', () => {
    const value = fc.string().filter((v) => !/["'\n\r]/.test(v));
    fc.assert(fc.property(value, (v) => parseDotenv(`A='${v}'`, {}).get('A') === v));
  });
});
