/** What is known of a claim from the answers to those who made and ended it. */
export interface LoggedClaim {
  readonly portIds: readonly number[];
  /** When it was answered, in Unix milliseconds: from then on it surely has its ports. */
  readonly madeAt: number;
  /** When something was begun that ends it, in Unix milliseconds; null while nothing was. */
  endedAt: number | null;
}

/** How long what was begun may take until it happens. */
const underwayMs = 2000;

/** What happened in a drill. */
export class DrillLog {
  readonly claims = new Map<string, LoggedClaim>();
  /** How often what was answered: `claim 201`. */
  readonly answers = new Map<string, number>();
  readonly problems: string[] = [];
  readonly #takings: { readonly portIds: ReadonlySet<number>; readonly at: number }[] = [];

  made(id: string, portIds: readonly number[]): void {
    this.claims.set(id, { portIds, madeAt: Date.now(), endedAt: null });
  }

  /** Something that ends the claim is about to be sent: from now on others may hold its ports. */
  ending(id: string): void {
    const claim = this.claims.get(id);
    if (claim !== undefined) claim.endedAt ??= Date.now();
  }

  /** What was to end the claim was refused: its ports are nobody else's yet. */
  notEnded(id: string): void {
    const claim = this.claims.get(id);
    if (claim !== undefined) claim.endedAt = null;
  }

  /** A server is about to get these ports, whoever holds them: claims of no others are used by it. */
  taking(portIds: readonly number[]): void {
    this.#takings.push({ portIds: new Set(portIds), at: Date.now() });
  }

  /** When the claim may have ended at the earliest, in Unix milliseconds; infinite where nothing was done for it. */
  earliestEnd(id: string, portIds: readonly number[], createdAt: number): number {
    const ends = this.#takingsOf(portIds, createdAt);
    return Math.min(this.claims.get(id)?.endedAt ?? Number.POSITIVE_INFINITY, ...ends);
  }

  /**
   * Whether a server may have had all ports of a claim since it was made: it counted as used then, and its room as free.
   * Where nobody has looked, it holds both again once the server is gone.
   */
  mayHaveBeenUsed(portIds: readonly number[], createdAt: number): boolean {
    return this.#takingsOf(portIds, createdAt - underwayMs).length > 0;
  }

  /** When servers were about to get all of these ports, since then, in Unix milliseconds. */
  #takingsOf(portIds: readonly number[], since: number): readonly number[] {
    return this.#takings
      .filter((taking) => taking.at >= since && portIds.every((port) => taking.portIds.has(port)))
      .map(({ at }) => at);
  }

  answered(what: string, status: number, expected: readonly number[]): void {
    const name = `${what} ${status}`;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    if (!expected.includes(status)) this.problems.push(`${what} was answered ${status}`);
  }
}
