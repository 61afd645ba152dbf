import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { PostgresServer } from './postgres-server.ts';

async function connect(server: PostgresServer) {
  const { host, port, rootUser: user, rootPassword: password } = server.address;
  const client = new pg.Client({ host, port, user, password, database: 'postgres' });
  // A server that is killed breaks the connection while nobody asks it anything.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('a private server keeps what was committed through a restart and a crash, and leaves nothing', async () => {
  const server = await PostgresServer.start();
  const folder = server.address.socketFolder;
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const first = await connect(server);
  await first.query('create table kept (id int primary key)');
  await first.query('insert into kept values (1)');

  // A client that stays connected must not hold the restart up.
  const pids = [server.pid];
  await server.restart();
  pids.push(server.pid);
  await server.halt('SIGKILL');
  expect(server.pid).toBeUndefined();
  await expect(connect(server)).rejects.toThrow('ECONNREFUSED');
  await server.start();
  pids.push(server.pid);
  expect(new Set(pids).size).toBe(3);

  const last = await connect(server);
  expect((await last.query('select id from kept')).rows).toEqual([{ id: 1 }]);
  await last.end();

  await server.stop();
  expect(existsSync(folder)).toBe(false);
  for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
});

test('a private server ends, with its folder, when the process that started it is killed', async () => {
  const module = new URL('./postgres-server.ts', import.meta.url).href;
  const program = `
    const { PostgresServer } = await import('${module}');
    const { pid, address } = await PostgresServer.start();
    console.log(JSON.stringify({ pid, folder: address.socketFolder }));`;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(starter.stdout, 'data');
  const { pid, folder } = JSON.parse(String(line));
  expect(process.kill(pid, 0)).toBe(true);

  starter.kill('SIGKILL');

  await expect.poll(() => existsSync(folder), { timeout: 20_000 }).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
