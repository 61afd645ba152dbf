import type { Queries } from '../database/database.ts';

/** How long what was read is taken for true, in milliseconds. */
const keptMs = 60_000;
/** Nodes remembered at once; then the oldest is forgotten. */
const mostRemembered = 10_000;

interface Kept<Value> {
  readonly value: Value;
  readonly readAt: number;
}

/**
 * Something about nodes that is read now and then and remembered for each. It is read by one at a time: others
 * wait, or go on with what was known before.
 */
export class KeptByNode<Value> {
  readonly #read: (queries: Queries, nodeIds: readonly number[]) => Promise<ReadonlyMap<number, Value>>;
  readonly #kept = new Map<number, Kept<Value>>();
  readonly #reading = new Map<number, Promise<void>>();

  /** @param read Reads it for all of these nodes; one that has no such thing has no entry. */
  constructor(read: (queries: Queries, nodeIds: readonly number[]) => Promise<ReadonlyMap<number, Value>>) {
    this.#read = read;
  }

  /** What is known of those of the nodes that have such a thing. */
  async of(queries: Queries, nodeIds: readonly number[]): Promise<readonly Value[]> {
    const missing = nodeIds.filter((id) => !this.#kept.has(id));
    if (queries.isTransaction) {
      // Whoever reads may wait for a connection, which a transaction that waits for them keeps from them.
      const found = missing.length === 0 ? new Map<number, Value>() : await this.#read(queries, missing);
      return [...this.#valuesOf(nodeIds), ...found.values()];
    }
    const now = performance.now();
    const outdated = nodeIds.filter((id) => now - (this.#kept.get(id)?.readAt ?? now) >= keptMs);
    const wanted = [...missing, ...outdated].filter((id) => !this.#reading.has(id));
    if (wanted.length > 0) this.#begin(queries, wanted);
    await Promise.all([...missing, ...wanted].map((id) => this.#reading.get(id)));
    return this.#valuesOf(nodeIds);
  }

  #valuesOf(nodeIds: readonly number[]): readonly Value[] {
    return nodeIds.flatMap((id) => this.#kept.get(id)?.value ?? []);
  }

  #begin(queries: Queries, nodeIds: readonly number[]): void {
    const reading = this.#readAnew(queries, nodeIds).finally(() => {
      for (const id of nodeIds) this.#reading.delete(id);
    });
    for (const id of nodeIds) this.#reading.set(id, reading);
  }

  async #readAnew(queries: Queries, nodeIds: readonly number[]): Promise<void> {
    const readAt = performance.now();
    const found = await this.#read(queries, nodeIds);
    for (const id of nodeIds) {
      this.#kept.delete(id);
      const value = found.get(id);
      if (value !== undefined) this.#kept.set(id, { value, readAt });
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostRemembered) break;
      this.#kept.delete(oldest);
    }
  }
}
