/** What is known of a claim from the answers to those who made and ended it. */
export interface LoggedClaim {
  readonly portIds: readonly number[];
  /** When it was answered, in Unix milliseconds: from then on it surely has its ports. */
  readonly madeAt: number;
  /** When something was begun that ends it, in Unix milliseconds; null while nothing was. */
  endedAt: number | null;
}

/** A server that gets ports. */
interface Taking {
  readonly portIds: ReadonlySet<number>;
  /** When it was begun, in Unix milliseconds: from then on the ports may be the server's. */
  readonly at: number;
  /** When it had happened. */
  doneAt: number;
}

/** What happened in a drill. */
export class DrillLog {
  readonly claims = new Map<string, LoggedClaim>();
  /** How often what was answered: `claim 201`. */
  readonly answers = new Map<string, number>();
  readonly problems: string[] = [];
  readonly #takings: Taking[] = [];

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

  /**
   * A server gets these ports by `work`, whoever holds them: claims of no others are used by it. A claim that is made
   * meanwhile may be, too.
   */
  async taking<Result>(portIds: readonly number[], work: () => Promise<Result>): Promise<Result> {
    const taking = { portIds: new Set(portIds), at: Date.now(), doneAt: Number.POSITIVE_INFINITY };
    this.#takings.push(taking);
    try {
      return await work();
    } finally {
      taking.doneAt = Date.now();
    }
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
    return this.#takingsOf(portIds, createdAt).length > 0;
  }

  /** When servers began to get all of these ports that they got since then, in Unix milliseconds. */
  #takingsOf(portIds: readonly number[], since: number): readonly number[] {
    return this.#takings
      .filter((taking) => taking.doneAt >= since && portIds.every((port) => taking.portIds.has(port)))
      .map(({ at }) => at);
  }

  answered(what: string, status: number, expected: readonly number[]): void {
    const name = `${what} ${status}`;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    if (!expected.includes(status)) this.problems.push(`${what} was answered ${status}`);
  }
}
