import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redisSettings } from '../../../src/panel/env/redis-settings.ts';

const settings = (values: Readonly<Record<string, string>>) => redisSettings((name) => values[name] ?? null);
const used = { CACHE_DRIVER: 'redis' };
const local = { host: '127.0.0.1', port: 6379, path: null, username: null, database: 0, tls: false };

describe('a panel uses Redis where it keeps something in it', () => {
  it.each([
    [{ CACHE_DRIVER: 'redis' }],
    [{ CACHE_STORE: 'redis' }],
    [{ SESSION_DRIVER: 'redis' }],
    [{ QUEUE_CONNECTION: 'redis' }],
    [{ QUEUE_DRIVER: 'redis' }],
    [{ CACHE_DRIVER: 'file', SESSION_DRIVER: 'database', QUEUE_CONNECTION: 'redis' }],
    [{ CACHE_STORE: '', CACHE_DRIVER: 'redis' }],
  ])('%o', (values) => {
    expect(settings(values)).toEqual(local);
  });

  it.each([
    [{}],
    [{ REDIS_HOST: '127.0.0.1', REDIS_PORT: '6379', REDIS_PASSWORD: 'null' }],
    [{ CACHE_DRIVER: 'file', SESSION_DRIVER: 'file', QUEUE_CONNECTION: 'sync', REDIS_HOST: 'cache' }],
    [{ CACHE_STORE: 'file', CACHE_DRIVER: 'redis' }],
    [{ QUEUE_CONNECTION: 'database', QUEUE_DRIVER: 'redis' }],
  ])('not %o', (values) => {
    expect(settings(values)).toBeNull();
  });
});

it.each([
  [
    { REDIS_HOST: 'cache', REDIS_PORT: '6380' },
    { host: 'cache', port: 6380 },
  ],
  [{ REDIS_HOST: 'null', REDIS_PORT: 'null' }, {}],
  [{ REDIS_PORT: 'none' }, {}],
  [{ REDIS_DATABASE: '3' }, { database: 3 }],
  [{ REDIS_USERNAME: 'panel' }, { username: 'panel' }],
  [{ REDIS_SCHEME: 'tls' }, { tls: true }],
  [{ REDIS_HOST: 'tls://cache' }, { host: 'cache', tls: true }],
  [{ REDIS_HOST: 'tcp://cache' }, { host: 'cache' }],
  [{ REDIS_SCHEME: 'unix', REDIS_PATH: '/tmp/r.sock' }, { path: '/tmp/r.sock' }],
  [{ REDIS_SCHEME: 'unix' }, { path: '/run/redis/redis.sock' }],
  [{ REDIS_HOST: 'unix:///tmp/r.sock' }, { host: '/tmp/r.sock', path: '/tmp/r.sock' }],
  // Read with the scheme `unix` only.
  [{ REDIS_PATH: '/tmp/r.sock' }, {}],
])('reads %o', (values, expected) => {
  expect(settings({ ...used, ...values })).toEqual({ ...local, ...expected });
});

it('hands the password over, and shows it to nobody', () => {
  const read = settings({ ...used, REDIS_PASSWORD: 'hush' });
  expect(read?.password).toBe('hush');
  expect(inspect(read)).not.toContain('hush');
  expect(JSON.stringify(read)).not.toContain('hush');
  expect(settings({ ...used, REDIS_PASSWORD: 'null' })?.password).toBeNull();
});
