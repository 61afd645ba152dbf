/** Bounds of a connection to the panel's database. */
export interface DatabaseLimits {
  /** Longest wait for a connection, an answer or a row lock, in milliseconds. */
  readonly timeoutMs: number;
  /** Most connections held at once. */
  readonly poolSize: number;
}
