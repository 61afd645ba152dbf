import type { ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, PrivateServer, type ServerProgram } from './private-server.ts';
import { findPrograms } from './programs.ts';
import { randomName } from './test-database.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * A Redis of the tests' own: it keeps nothing on disk, asks for a password, listens on a free port of 127.0.0.1
 * only, and ends with the process that started it, even if that is killed.
 */
export class RedisServer extends PrivateServer {
  /** How the service gets to it, by the panel's own variables. */
  readonly env: Readonly<Record<'CACHE_DRIVER' | 'REDIS_HOST' | 'REDIS_PORT' | 'REDIS_PASSWORD', string>>;
  readonly #path: string;
  readonly #port: number;
  readonly #password = randomName();

  private constructor(path: string, folder: string, port: number, watchdog: ChildProcess) {
    super(folder, watchdog);
    this.#path = path;
    this.#port = port;
    this.env = {
      ...{ CACHE_DRIVER: 'redis', REDIS_HOST: '127.0.0.1' },
      ...{ REDIS_PORT: String(port), REDIS_PASSWORD: this.#password },
    };
  }

  /**
   * @throws OperatorError where Redis is missing and cannot be installed
   * @throws Error with the end of the server's log where it does not come up
   */
  static async start(): Promise<RedisServer> {
    const programs = await findPrograms(['redis-server'], 'redis-server', 'Redis');
    const folder = await mkdtemp(join(tmpdir(), 'panel-sidecar-redis-'));
    const server = new RedisServer(programs['redis-server'], folder, await freePort(), startWatchdog(folder));
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Sends commands as the administrator. */
  async ask<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    const redis = new Redis(this.#port, '127.0.0.1', {
      ...{ password: this.#password, lazyConnect: true, retryStrategy: () => null },
    });
    // Reported by the rejected command.
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await command(redis);
    } finally {
      redis.disconnect();
    }
  }

  protected override get program(): ServerProgram {
    const { folder } = this;
    const args = [
      ...['--bind', '127.0.0.1', '--port', String(this.#port), '--requirepass', this.#password],
      ...['--dir', folder, '--pidfile', join(folder, 'server.pid'), '--save', '', '--appendonly', 'no'],
      ...['--databases', '4'],
    ];
    return { name: 'Redis', path: this.#path, args, endSignal: 'SIGTERM' };
  }

  protected override answers(): Promise<boolean> {
    return this.ask((redis) => redis.ping()).then(
      () => true,
      () => false,
    );
  }
}
