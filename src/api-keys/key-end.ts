import { parseInstant } from '../input/instant.ts';
import { invalid } from '../input/invalid.ts';

/** Fields that say when a key ends. */
export interface EndInput {
  /** ISO 8601; null for never. */
  readonly expires_at?: string | null;
  /** Seconds from now. */
  readonly expires_in?: number;
}

/**
 * The end a caller asks for: null for never, undefined where nothing is asked.
 *
 * @param latest The last instant the database can hold; null for any.
 * @throws ApiError 422 for what is no date, is not in the future, or is too late to be stored.
 */
export function requestedEnd(input: EndInput, now: Date, latest: Date | null): Date | null | undefined {
  if (input.expires_in !== undefined) {
    if (input.expires_at !== undefined) {
      const detail = 'The expires in field is prohibited when expires at is present.';
      throw invalid('expires_in', 'prohibited', detail);
    }
    return checkEnd(new Date(now.getTime() + input.expires_in * 1000), 'expires_in', now, latest);
  }
  if (input.expires_at === undefined || input.expires_at === null) return input.expires_at;
  const end = parseInstant(input.expires_at);
  if (end === null) throw invalid('expires_at', 'date', 'The expires at is not a valid date.');
  return checkEnd(end, 'expires_at', now, latest);
}

function checkEnd(end: Date, field: string, now: Date, latest: Date | null): Date {
  const name = field.replaceAll('_', ' ');
  if (end <= now) throw invalid(field, 'after', `The ${name} must be a date after now.`);
  if (latest !== null && end > latest) {
    throw invalid(field, 'before_or_equal', `The ${name} may not be after ${latest.toISOString()}.`);
  }
  return end;
}
