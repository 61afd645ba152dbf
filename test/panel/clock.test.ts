import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClock } from '../../src/panel/clock.ts';

const anyInstant = fc.date({ min: new Date('1971-01-01'), max: new Date('2037-12-31'), noInvalidDate: true });

test('the text in a UTC column shows as it is', () => {
  expect(createClock('UTC', 'UTC').show('2026-01-02 03:04:05')).toBe('2026-01-02T03:04:05+00:00');
});

test('the text in a UTC column shows in the zone of the panel, summer and winter', () => {
  const berlin = createClock('UTC', 'Europe/Berlin');

  expect(berlin.show('2026-01-02 03:04:05')).toBe('2026-01-02T04:04:05+01:00');
  expect(berlin.show('2026-07-02 03:04:05')).toBe('2026-07-02T05:04:05+02:00');
});

test('an instant put into a column shows like the instant itself, to the second', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata');

  fc.assert(
    fc.property(zones, anyInstant, (zone, instant) => {
      const clock = createClock('UTC', zone);
      expect(clock.show(clock.toColumn(instant))).toBe(clock.format(instant));
    }),
  );
});

test('a time that is none shows as zeros in every zone', () => {
  for (const zone of ['UTC', 'Europe/Berlin']) {
    const clock = createClock('UTC', zone);
    const none = clock.fromColumn('0000-00-00 00:00:00');
    expect(clock.format(none)).toBe('0000-00-00T00:00:00+00:00');
    expect(clock.show('0000-00-00 00:00:00')).toBe('0000-00-00T00:00:00+00:00');
  }
});
