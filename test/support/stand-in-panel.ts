import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastcgiRequest, FastcgiServer } from './fastcgi.ts';

/**
 * Stands in for the panel behind a web server: it is reached as PHP is, and keeps what reached it.
 */
export class StandInPanel {
  /** What reached it, oldest first. */
  readonly received: FastcgiRequest[] = [];
  /** The folder that the web server serves: holds an `index.php`, as the panel's does. */
  readonly root: string;
  #fastcgi: FastcgiServer | undefined;

  private constructor(root: string) {
    this.root = root;
  }

  /** @param statusOf What it answers; 200 to everything unless given. */
  static async start(statusOf: (request: FastcgiRequest) => number = () => 200): Promise<StandInPanel> {
    const root = mkdtempSync(join(tmpdir(), 'panel-sidecar-public-'));
    // Whoever the web server runs as only has to see that it is there.
    writeFileSync(join(root, 'index.php'), '<?php // never run\n');
    const panel = new StandInPanel(root);
    panel.#fastcgi = await FastcgiServer.start((request) => {
      panel.received.push(request);
      const headers = { 'Content-Type': 'application/json', 'X-Answered-By': 'panel' };
      return { status: statusOf(request), headers, body: '{"object":"stand-in"}' };
    });
    return panel;
  }

  /** Where its FastCGI listens, `127.0.0.1:PORT`. */
  get address(): string {
    return this.#fastcgi?.address ?? '';
  }

  /** The requests that came since the last call. */
  take(): readonly FastcgiRequest[] {
    return this.received.splice(0);
  }

  async stop(): Promise<void> {
    await this.#fastcgi?.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}
