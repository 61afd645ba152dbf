import { readFileSync } from 'node:fs';

/** One request to a running panel, what it answered, and what that left in its database. */
export interface Recording {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** Whose key: a name, a literal Authorization header, a key behind a scheme of its own, or none. */
    readonly as: string | { readonly raw: string } | { readonly scheme: string; readonly key: string } | null;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** The Accept header; absent means JSON, null none. */
    readonly accept?: string | null;
  };
  readonly response: RecordedAnswer;
  readonly database: RecordedEffects;
  /** SQL run before the request. */
  readonly setup?: readonly string[];
}

/** An answer: its body is parsed JSON, or text where it was none. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a request changed. */
export interface RecordedEffects {
  readonly newKeys: readonly Readonly<Record<string, unknown>>[];
  readonly seededKeysLeft: number;
  readonly activity: readonly Readonly<Record<string, unknown>>[];
  readonly subjects: readonly string[];
}

/** Reads the recordings of a panel. */
export function loadRecordings(file: string): readonly Recording[] {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recording);
}
