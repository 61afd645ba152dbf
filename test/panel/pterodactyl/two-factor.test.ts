import { describe, expect, it } from 'vitest';
import { lacksTwoFactor, twoFactorLevel } from '../../../src/panel/pterodactyl/two-factor.ts';

describe('twoFactorLevel', () => {
  it.each([
    [null, 'nobody'],
    ['', 'nobody'],
    ['0', 'nobody'],
    ['-0', 'nobody'],
    ['false', 'nobody'],
    ['null', 'nobody'],
    ['garbage', 'nobody'],
    ['.5', 'nobody'],
    ['1', 'admins'],
    [' 1', 'admins'],
    ['+1', 'admins'],
    ['1 of three', 'admins'],
    ['true', 'admins'],
    ['TRUE', 'admins'],
    ['(true)', 'admins'],
    ['2', 'everyone'],
    // The panel passes level 0, and level 1 for users who are no admins; every other number stops the rest.
    ['3', 'everyone'],
    ['-1', 'everyone'],
    ['99999999999999999999', 'everyone'],
  ])('reads %j as %s, from the environment and from the settings table alike', (value, level) => {
    expect(twoFactorLevel(null, value, false)).toBe(level);
    expect(twoFactorLevel(value ?? '', null, false)).toBe(level);
  });

  it('prefers the settings table, unless only the environment counts', () => {
    expect(twoFactorLevel('0', '2', false)).toBe('nobody');
    expect(twoFactorLevel('2', '0', false)).toBe('everyone');
    expect(twoFactorLevel('0', '2', true)).toBe('everyone');
    expect(twoFactorLevel('2', null, true)).toBe('nobody');
  });
});

it.each([
  ['nobody', false, false, false],
  ['nobody', true, false, false],
  ['admins', false, false, false],
  ['admins', true, false, true],
  ['admins', true, true, false],
  ['everyone', false, false, true],
  ['everyone', true, false, true],
  ['everyone', false, true, false],
] as const)('at level %s, admin %s, second factor %s: lacks it %s', (level, isAdmin, has, lacks) => {
  expect(lacksTwoFactor(level, isAdmin, has)).toBe(lacks);
});
