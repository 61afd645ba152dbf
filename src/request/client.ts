/** How a request reached the outermost server that we know of. */
export type Scheme = 'http' | 'https';

/** Where a request came from, and the address that it was sent to. */
export interface ResolvedClient {
  /** The client's address in its canonical spelling; an IPv4-mapped one as IPv4. */
  readonly ip: string;
  readonly scheme: Scheme;
  /** Lower-case `host` or `host:port`, without the scheme's own port; null if missing or malformed. */
  readonly host: string | null;
}
