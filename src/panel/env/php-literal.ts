/** A literal as PHP's var_export() writes it; `undefined` where it was something else, such as an object. */
export type PhpValue = string | number | boolean | null | undefined | PhpArray;

/** A PHP array: keys as strings, in their order. */
export interface PhpArray extends ReadonlyMap<string, PhpValue> {}

/** Deeper arrays than any configuration has; bounds the recursion. */
const MAX_DEPTH = 100;

/**
 * Reads `<?php return …;` where the returned value is in var_export() form. Nothing is evaluated.
 *
 * Objects, enum cases and constants are skipped and read as `undefined`.
 *
 * @throws SyntaxError where the text has another form; its message holds a position and nothing of the text
 */
export function parsePhpReturn(text: string): PhpValue {
  const reader = new Reader(text);
  if (reader.match(/\s*<\?php\s+return\b/y) === null) reader.fail('"<?php return" expected');
  const value = reader.value(0);
  if (reader.match(/\s*;\s*(\?>\s*)?$/y) === null) reader.fail('";" expected');
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Moves behind a sticky pattern's match, if it matches here. */
  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  value(depth: number): PhpValue {
    this.match(/\s*/y);
    const start = this.#at;
    const value = this.#literal(depth);
    // A literal that goes on, such as the sum that stands for the smallest integer, is no plain literal.
    if (value !== undefined && this.#ahead(/\s*[,);]/y)) return value;
    this.#at = start;
    this.#skip();
    return undefined;
  }

  fail(problem: string): never {
    throw new SyntaxError(`${problem} at character ${this.#at + 1}`);
  }

  #literal(depth: number): PhpValue {
    if (this.#isQuote()) return this.#string();
    if (this.match(/array\s*\(/iy) !== null) return this.#array(depth + 1);
    const number = this.match(/-?\d+(\.\d+)?(E[+-]?\d+)?/iy);
    if (number !== null) return Number(number);
    switch (this.match(/(true|false|null)\b/iy)?.toLowerCase()) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      default:
        return undefined;
    }
  }

  #array(depth: number): PhpArray {
    if (depth > MAX_DEPTH) this.fail('too many nested arrays');
    const entries = new Map<string, PhpValue>();
    while (this.match(/\s*\)/y) === null) {
      this.match(/\s*/y);
      const key = this.#isQuote() ? this.#string() : this.match(/-?\d+/y);
      if (key === null || this.match(/\s*=>/y) === null) this.fail('a key and "=>" expected');
      entries.set(key, this.value(depth));
      if (this.match(/\s*,/y) === null && !this.#ahead(/\s*\)/y)) this.fail('"," or ")" expected');
    }
    return entries;
  }

  /** Strings with a NUL are written in parts: `'a' . "\0" . 'b'`. */
  #string(): string {
    let result = '';
    do {
      this.match(/\s*/y);
      result += this.#quoted();
    } while (this.match(/\s*\.(?=\s*['"])/y) !== null);
    return result;
  }

  #quoted(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote === '"') return this.match(/"\\0"/y) === null ? this.fail('unknown string') : '\0';
    let result = '';
    let from = this.#at + 1;
    for (;;) {
      const stop = this.#find(/['\\]/g, from);
      result += this.#text.slice(from, stop);
      if (this.#text.charAt(stop) === "'") {
        this.#at = stop + 1;
        return result;
      }
      // A backslash stands for itself, except in front of a quote or another backslash.
      const next = this.#text.charAt(stop + 1);
      result += next === "'" || next === '\\' ? next : `\\${next}`;
      from = stop + 2;
    }
  }

  /** Passes over an expression up to the comma, bracket or semicolon that ends it. */
  #skip(): void {
    for (let depth = 0; ; ) {
      this.#at = this.#find(/[()',;"]/g, this.#at);
      const character = this.#text.charAt(this.#at);
      if (this.#isQuote()) {
        this.#quoted();
        continue;
      }
      if (depth === 0 && character !== '(') return;
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      this.#at += 1;
    }
  }

  #find(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    const found = pattern.exec(this.#text);
    return found === null ? this.fail('end of the file inside a value') : found.index;
  }

  #isQuote(): boolean {
    const character = this.#text.charAt(this.#at);
    return character === "'" || character === '"';
  }

  #ahead(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }
}
