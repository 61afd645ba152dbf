import fc from 'fast-check';
import { DateTime } from 'luxon';
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

test("a zone's times are those of the calendar, about the changes of its clocks too", () => {
  const zones = fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', '-09:30');
  const change = fc.constantFrom('2026-03-29T01:00:00Z', '2026-03-08T05:30:00Z', '2026-04-04T15:00:00Z');
  const nearChange = fc
    .tuple(change, fc.integer({ min: -7200, max: 7200 }))
    .map(([text, seconds]) => new Date(Date.parse(text) + seconds * 1000));

  fc.assert(
    fc.property(zones, fc.oneof(anyInstant, nearChange), (zone, instant) => {
      const expected = DateTime.fromJSDate(instant, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ssZZ");
      expect(createClock('UTC', zone).format(instant)).toBe(expected);
    }),
  );
});

test('a clock that has told many times tells them right again', () => {
  const clock = createClock('UTC', 'Europe/Berlin');
  const start = Date.parse('2026-03-29T00:00:00Z');
  for (let quarter = 0; quarter < 10_001; quarter += 1) clock.format(new Date(start + quarter * 900_000));

  expect(clock.format(new Date('2026-03-29T00:59:59Z'))).toBe('2026-03-29T01:59:59+01:00');
  expect(clock.format(new Date('2026-03-29T01:00:00Z'))).toBe('2026-03-29T03:00:00+02:00');
  expect(clock.format(new Date('2026-03-29T01:00:00Z'))).toBe('2026-03-29T03:00:00+02:00');
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
