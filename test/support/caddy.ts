import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { findPrograms } from './programs.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * A Caddy of the tests' own, which shares nothing with the machine's: its files are temporary, it has no
 * administration port and asks nobody for certificates, listens on a free port of 127.0.0.1 only, and ends with
 * the process that started it.
 */
export class CaddyServer extends PrivateServer {
  readonly url: string;
  readonly #path: string;
  readonly #port: number;

  private constructor(path: string, folder: string, port: number, watchdog: ChildProcess) {
    super(folder, watchdog);
    this.url = `http://127.0.0.1:${port}`;
    this.#path = path;
    this.#port = port;
  }

  /**
   * @param site directives of the one site
   * @throws OperatorError where Caddy is missing and cannot be installed
   * @throws Error with Caddy's own words where it refuses the configuration
   */
  static async start(site: string): Promise<CaddyServer> {
    const { caddy } = await findPrograms(['caddy'], 'caddy');
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-caddy-'));
    const port = await freePort();
    await writeFile(join(folder, 'Caddyfile'), completed(site, folder, port));
    const server = new CaddyServer(caddy, folder, port, startWatchdog(folder));
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  protected override get program(): ServerProgram {
    const { folder } = this;
    const config = join(folder, 'Caddyfile');
    // Caddy keeps what it runs with below the user's home, unless it is told of another.
    const args = [`HOME=${folder}`, `XDG_DATA_HOME=${folder}`, `XDG_CONFIG_HOME=${folder}`, this.#path];
    args.push('run', '--config', config, '--adapter', 'caddyfile', '--pidfile', join(folder, 'server.pid'));
    return { name: 'Caddy', path: '/usr/bin/env', args, endSignal: 'SIGTERM' };
  }

  protected override async answers(): Promise<boolean> {
    const socket = connect(this.#port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}

function completed(site: string, folder: string, port: number): string {
  return `
{
	admin off
	auto_https off
	# Connections that clients keep open do not hold up the end.
	grace_period 1s
	storage file_system ${folder}/storage
}
:${port} {
	bind 127.0.0.1
	${site}
}
`;
}
