const minuteMs = 60_000;
/** More than these within a minute would be an attack on the memory; then the oldest are forgotten. */
const mostRemembered = 10_000;

/** Tells the first of equal events within a minute, so that a stubborn caller can't flood what it leads to. */
export class OncePerMinute {
  readonly #seen = new Map<string, number>();

  isFirst(event: string, now: Date): boolean {
    const time = now.getTime();
    const last = this.#seen.get(event);
    if (last !== undefined && time - last < minuteMs) return false;
    // Deleting first moves the event to the end, which keeps the map in order of age.
    this.#seen.delete(event);
    this.#seen.set(event, time);
    for (const [oldest, seenAt] of this.#seen) {
      if (this.#seen.size <= mostRemembered && time - seenAt < minuteMs) break;
      this.#seen.delete(oldest);
    }
    return true;
  }
}
