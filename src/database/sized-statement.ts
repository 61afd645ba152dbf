import type { Compilable, CompiledQuery, Kysely } from 'kysely';

/** Stands in for a value while the text of a statement is built. */
class Slot {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * A statement about a list of values, whose text depends on how many there are. Building a text takes longer
 * than sending it, so each is built once, with stand-ins for the values, and kept. Values and rows are not.
 */
export class SizedStatement<Tables, Value, Row> {
  readonly #build: (queries: Kysely<Tables>, values: readonly Value[]) => Compilable<Row>;
  /** By connection, as dialect and table prefix show in the text, then by the number of values. */
  readonly #texts = new WeakMap<Kysely<Tables>, Map<number, CompiledQuery<Row>>>();

  /** @param build Builds the statement. It passes each value on as it is and looks at none. */
  constructor(build: (queries: Kysely<Tables>, values: readonly Value[]) => Compilable<Row>) {
    this.#build = build;
  }

  /** Runs the statement with these values, of which there is at least one. */
  async run(queries: Kysely<Tables>, values: readonly Value[]): Promise<readonly Row[]> {
    const text = this.#textOf(queries, values.length);
    const parameters = text.parameters.map((place) => (place instanceof Slot ? values[place.index] : place));
    const { rows } = await queries.executeQuery<Row>({ ...text, parameters });
    return rows;
  }

  /**
   * Runs a SELECT whose values stand in an `in (…)`. The last is repeated until there are a power of two: so
   * few texts are left that every connection soon has all of them prepared.
   */
  find(queries: Kysely<Tables>, values: readonly Value[]): Promise<readonly Row[]> {
    const length = 2 ** Math.ceil(Math.log2(values.length));
    const last = values.length - 1;
    const padded = Array.from({ length }, (_, index) => values[Math.min(index, last)] as Value);
    return this.run(queries, padded);
  }

  #textOf(queries: Kysely<Tables>, size: number): CompiledQuery<Row> {
    const texts = this.#texts.get(queries) ?? new Map<number, CompiledQuery<Row>>();
    this.#texts.set(queries, texts);
    const text = texts.get(size) ?? this.#compile(queries, size);
    texts.set(size, text);
    return text;
  }

  #compile(queries: Kysely<Tables>, size: number): CompiledQuery<Row> {
    const slots: unknown = Array.from({ length: size }, (_, index) => new Slot(index));
    return this.#build(queries, slots as readonly Value[]).compile();
  }
}
