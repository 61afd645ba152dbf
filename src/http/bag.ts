const place = Symbol('place in a bag');

/** What may be in one bag at a time; its place is noted on it. */
export interface Bagged {
  [place]?: number | undefined;
}

/**
 * Things that come and go all the time, in no order. Not a Set: one that is added to and taken from makes new tables
 * again and again, each of which leads to the next, so that with the oldest of them all that was ever in it lives on
 * until the garbage collector looks at everything.
 */
export class Bag<Item extends Bagged> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Puts in what is in no bag. */
  add(item: Item): void {
    item[place] = this.#items.push(item) - 1;
  }

  /** Takes out what is in this bag, or else does nothing. */
  delete(item: Item): void {
    const own = item[place];
    if (own === undefined) return;
    item[place] = undefined;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[own] = last;
    last[place] = own;
  }

  /** Those that are in it now. */
  [Symbol.iterator](): Iterator<Item> {
    return [...this.#items].values();
  }
}
