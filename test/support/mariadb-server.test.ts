import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { MariadbServer } from './mariadb-server.ts';

async function connect(server: MariadbServer) {
  const { host, port, rootUser, rootPassword } = server.address;
  return createConnection({ host, port, user: rootUser, password: rootPassword });
}

test('a private server keeps what was committed through a restart and a crash, and leaves nothing', async () => {
  const server = await MariadbServer.start();
  const folder = dirname(server.address.socket);
  const first = await connect(server);
  await first.query('create database kept');
  await first.query('create table kept.t (id int primary key) engine=InnoDB');
  await first.query('insert into kept.t values (1)');
  await first.end();

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
  const [rows] = await last.query<RowDataPacket[]>('select id from kept.t');
  expect(rows).toEqual([{ id: 1 }]);
  await last.end();

  await server.stop();
  expect(existsSync(folder)).toBe(false);
  for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
});

test('a private server ends, with its folder, when the process that started it is killed', async () => {
  const module = new URL('./mariadb-server.ts', import.meta.url).href;
  const program = `
    const { MariadbServer } = await import('${module}');
    const { pid, address } = await MariadbServer.start();
    console.log(JSON.stringify({ pid, socket: address.socket }));`;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(starter.stdout, 'data');
  const { pid, socket } = JSON.parse(String(line));
  expect(process.kill(pid, 0)).toBe(true);

  starter.kill('SIGKILL');

  await expect.poll(() => existsSync(dirname(socket)), { timeout: 20_000 }).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
