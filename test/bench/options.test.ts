import { expect, test } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { OperatorError } from '../../src/operator-error.ts';

test('without options everything is measured, for people', () => {
  expect(parseOptions([])).toEqual({
    ...{ seconds: 4, scenarios: ['list', 'free'], ports: true, json: false, profile: null, workers: false },
  });
});

test('every option is read', () => {
  const args = ['--seconds', '2', '--only', 'free', '--json', '--profile', 'here.cpuprofile', '--workers'];

  expect(parseOptions(args)).toEqual({
    seconds: 2,
    scenarios: ['free'],
    ports: false,
    json: true,
    profile: 'here.cpuprofile',
    workers: true,
  });
});

test('--help asks for the usage', () => {
  expect(parseOptions(['--help'])).toBeNull();
});

test.each([
  [['--seconds', '0'], '--seconds 0: give a whole number from 1 up'],
  [['--seconds', '1.5'], '--seconds 1.5: give a whole number from 1 up'],
  [['--only', 'create'], '--only create: give one of list, free, ports'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused in one line', (args, message) => {
  expect(() => parseOptions(args)).toThrow(new OperatorError(message));
});
