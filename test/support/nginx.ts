import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { findPrograms } from './programs.ts';
import { startWatchdog } from './watchdog.ts';

/** What of nginx's configuration is a test's own. */
export interface NginxConfiguration {
  /** Stands in the `http` block, beside the server. */
  readonly http: string;
  /** Stands in the `server` block. */
  readonly server: string;
}

/**
 * An nginx of the tests' own, which shares nothing with the machine's: its files are temporary, it listens on a
 * free port of 127.0.0.1 only, and it ends with the process that started it.
 */
export class NginxServer extends PrivateServer {
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
   * @throws OperatorError where nginx is missing and cannot be installed
   * @throws Error with nginx's own words where it refuses the configuration
   */
  static async start(configuration: NginxConfiguration): Promise<NginxServer> {
    const { nginx } = await findPrograms(['nginx'], 'nginx');
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-nginx-'));
    const port = await freePort();
    await writeFile(join(folder, 'nginx.conf'), completed(configuration, folder, port));
    const server = new NginxServer(nginx, folder, port, startWatchdog(folder));
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
    const args = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')];
    return { name: 'nginx', path: this.#path, args, endSignal: 'SIGTERM' };
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

function completed({ http, server }: NginxConfiguration, folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
# One process: started as root, nginx would otherwise run its workers as a user who may not enter the folder.
master_process off;
pid ${folder}/server.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    ${server}
  }
}
`;
}
