import { DateTime } from 'luxon';

/** Clocks are put forward and back on a quarter of an hour, in every zone. */
const quarterMs = 15 * 60_000;
/** So many quarters are kept, which bounds the memory at less than a megabyte. */
const mostKept = 10_000;

/**
 * Tells how far a zone is ahead of UTC at an instant, in minutes. Asking the calendar takes longer than all
 * else about an answer, and lists show the same times again and again, so what it said is kept.
 *
 * @param zone An IANA name or a fixed offset such as `+02:00`.
 */
export function createZoneOffset(zone: string): (time: number) => number {
  const known = new Map<number, number>();
  return (time) => {
    const quarter = Math.floor(time / quarterMs);
    const kept = known.get(quarter);
    if (kept !== undefined) return kept;
    if (known.size === mostKept) known.clear();
    const { offset } = DateTime.fromMillis(time, { zone });
    known.set(quarter, offset);
    return offset;
  };
}
