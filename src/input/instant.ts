import { DateTime } from 'luxon';

/**
 * Reads an instant written in ISO 8601: a whole date, alone or with a time of day; one without an offset is UTC.
 *
 * @returns null for anything else, and for a year that no database's timestamp holds: 1 to 9999 are held.
 */
export function parseInstant(text: string): Date | null {
  // A time of day alone, a bare year or a week would be read too, as something that nobody means.
  if (!/^\d{4}-\d{2}-\d{2}(?:T|$)/.test(text)) return null;
  const instant = DateTime.fromISO(text, { zone: 'UTC' });
  if (!instant.isValid || instant.year < 1 || instant.year > 9999) return null;
  return instant.toJSDate();
}
