import { note } from './output.ts';

/** Shows how far long work is: on a terminal in one line that moves on, else in a line now and then. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  #shownAt = 0;

  /** Says how far it is; most calls show nothing. */
  show(text: string): void {
    const now = Date.now();
    if (now - this.#shownAt < (this.#isTerminal ? 100 : 5000)) return;
    this.#shownAt = now;
    if (this.#isTerminal) process.stderr.write(`\r\u001b[K${text}`);
    else note(text);
  }

  /** Clears the line for what comes after. */
  end(): void {
    if (this.#isTerminal) process.stderr.write('\r\u001b[K');
  }
}
