import { describe, expect, it } from 'vitest';
import { envBoolean, envString, envValue } from '../../../src/panel/env/value.ts';

describe('envValue', () => {
  it.each([
    ['true', true],
    ['(true)', true],
    ['TRUE', true],
    ['False', false],
    ['(FALSE)', false],
    ['null', null],
    ['(Null)', null],
    ['empty', ''],
    ['(EMPTY)', ''],
    ['', ''],
    ['1', '1'],
    ['yes', 'yes'],
    [' true', ' true'],
    ['(true', '(true'],
    ['"quoted"', 'quoted'],
    ["'quoted'", 'quoted'],
    ['"\'twice\'"', "'twice'"],
    ['"true"', 'true'],
    ['""', ''],
    ['"', '"'],
    ['"mixed\'', '"mixed\''],
    ['"two\nlines"', '"two\nlines"'],
  ])('%j', (text, value) => {
    expect(envValue(text)).toBe(value);
  });
});

describe('envString', () => {
  it.each([
    [null, ''],
    ['null', ''],
    ['false', ''],
    ['true', '1'],
    ['"a"', 'a'],
    ['a', 'a'],
  ])('%j', (text, value) => {
    expect(envString(text)).toBe(value);
  });
});

describe('envBoolean', () => {
  it.each([
    [null, false],
    ['', false],
    ['0', false],
    ['false', false],
    ['null', false],
    ['empty', false],
    ['true', true],
    ['1', true],
    ['no', true],
  ])('%j', (text, value) => {
    expect(envBoolean(text)).toBe(value);
  });
});
