import { validationFailed } from '../api-error.ts';
import { type Actor, shellActor } from '../audit/activity.ts';
import { allowListEntries } from '../auth/allow-list.ts';
import { type IpRange, parseAllowedIp, parseStoredIp, rangeWithin } from '../panel/ip-range.ts';
import type { AllowedIps } from './api-key.ts';

/** What a caller may give to a key, at the most: never more than the caller's own key has. */
export interface CallerBounds {
  /** When the caller's own key ends; null for never. */
  readonly end: Date | null;
  /** Where the caller's own key may be used from, as stored; null for anywhere, or where it does not matter. */
  readonly allowedIps: readonly string[] | null;
  /** May write users, and so decide what keys of theirs may do. */
  readonly writesUsers: boolean;
}

/** Who changes keys, and how far they may go. */
export interface KeyCaller {
  readonly actor: Actor;
  readonly bounds: CallerBounds;
}

/** Whoever has the shell has APP_KEY. */
export const shellCaller: KeyCaller = {
  actor: shellActor,
  bounds: { end: null, allowedIps: null, writesUsers: true },
};

/** The allow-list a caller's own key is bound to, or null. @param stored As in the panel's table. */
export function boundAddresses(stored: string | null): readonly string[] | null {
  const entries = allowListEntries(stored);
  return entries.length === 0 ? null : entries;
}

/** Whether a key that ends then outlives the caller's own. */
export function outlivesCaller({ end }: CallerBounds, expiresAt: Date | null): boolean {
  return end !== null && (expiresAt === null || expiresAt > end);
}

/**
 * Whether a key may do more than the caller's own: such a key is not for the caller to replace, to wake or to
 * change, as that would let it live on.
 */
export function exceedsCaller(
  bounds: CallerBounds,
  { expiresAt, allowedIps }: { readonly expiresAt: Date | null; readonly allowedIps: string | null },
): boolean {
  return outlivesCaller(bounds, expiresAt) || isWider(bounds, allowListEntries(allowedIps));
}

function isWider({ allowedIps }: CallerBounds, entries: readonly string[]): boolean {
  if (allowedIps === null) return false;
  return entries.length === 0 || !entries.every((entry) => isWithin(entry, allowedIps));
}

/** The allow-list of a key for which none is given: the caller's own, where that has one. */
export function defaultAllowedIps({ allowedIps }: CallerBounds): AllowedIps {
  return allowedIps ?? [];
}

/**
 * Refuses an allow-list that is wider than the caller's own.
 *
 * @throws ApiError 422 naming the entries.
 */
export function checkAllowedIps({ allowedIps }: CallerBounds, wanted: AllowedIps): void {
  if (allowedIps === null) return;
  const entries = Object.entries(wanted);
  const detail = 'The allowed ips may not be wider than those of the key that asks.';
  if (entries.length === 0) throw validationFailed([{ field: 'allowed_ips', rule: 'within', detail }]);
  const outside = entries.filter(([, entry]) => !isWithin(entry, allowedIps));
  if (outside.length === 0) return;
  throw validationFailed(outside.map(([name]) => ({ field: `allowed_ips.${name}`, rule: 'within', detail })));
}

/** Whether one of the bounds holds the whole entry. Several together never count as one. */
function isWithin(entry: string, bounds: readonly string[]): boolean {
  const range = parseAllowedIp(entry) ?? parseStoredIp(entry);
  if (range === null) return false;
  return bounds
    .map(parseStoredIp)
    .filter((bound): bound is IpRange => bound !== null)
    .some((bound) => rangeWithin(range, bound));
}
