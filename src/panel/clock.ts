import { DateTime } from 'luxon';
import { createZoneOffset } from './zone-offset.ts';

/** How a panel's timestamp columns map to instants, and how it prints instants. */
export interface PanelClock {
  /** The zone whose offset `format` prints. */
  readonly displayZone: string;
  /** The column text for an instant, second precision. */
  toColumn(instant: Date): string;
  /** The instant that a column's text stands for. */
  fromColumn(text: string): Date;
  /** ISO 8601 with a numeric offset, as the panel's API prints it: `2026-01-02T03:04:05+00:00`. */
  format(instant: Date): string;
  /** What `format` prints for the instant that a column's text stands for. */
  show(text: string): string;
}

/**
 * A clock for columns that hold local time of one zone.
 *
 * @param columnZone The zone of the text in the columns.
 * @param displayZone The zone whose offset the API prints.
 */
export function createClock(columnZone: string, displayZone: string): PanelClock {
  const column = columnZone === 'UTC' ? utcColumn : zonedColumn(columnZone);
  const format = displayZone === 'UTC' ? formatUtc : zonedFormat(displayZone);
  const isUtc = columnZone === 'UTC' && displayZone === 'UTC';
  // Lists show many times; where both zones are UTC the text needs no calendar.
  return {
    ...column,
    displayZone,
    format,
    show: isUtc ? showUtc : (text) => format(column.fromColumn(text)),
  };
}

function showUtc(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}+00:00`;
}

const utcColumn = {
  toColumn: (instant: Date) => instant.toISOString().slice(0, 19).replace('T', ' '),
  fromColumn: (text: string) => new Date(`${text.replace(' ', 'T')}Z`),
};

function zonedColumn(zone: string): Pick<PanelClock, 'toColumn' | 'fromColumn'> {
  return {
    toColumn: (instant) => DateTime.fromJSDate(instant, { zone }).toFormat('yyyy-MM-dd HH:mm:ss'),
    fromColumn: (text) => DateTime.fromSQL(text, { zone }).toJSDate(),
  };
}

/** What stands for a time that is none: MySQL's zero date, which is no instant. */
const noTime = '0000-00-00T00:00:00+00:00';

const isNone = (instant: Date) => Number.isNaN(instant.getTime());

function formatUtc(instant: Date): string {
  if (isNone(instant)) return noTime;
  return `${instant.toISOString().slice(0, 19)}+00:00`;
}

function zonedFormat(zone: string): (instant: Date) => string {
  const offsetAt = createZoneOffset(zone);
  return (instant) => {
    if (isNone(instant)) return noTime;
    const minutes = offsetAt(instant.getTime());
    const local = new Date(instant.getTime() + minutes * 60_000);
    return local.toISOString().slice(0, 19) + offsetText(minutes);
  };
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
}
