import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { pterodactyl } from './cells.ts';
import { MariadbServer } from './mariadb-server.ts';
import { MysqlServer } from './mysql-server.ts';

const [Server, file, name] =
  pterodactyl.on === 'mysql'
    ? ([MysqlServer, './mysql-server.ts', 'MysqlServer'] as const)
    : ([MariadbServer, './mariadb-server.ts', 'MariadbServer'] as const);

async function connect(server: MariadbServer | MysqlServer) {
  const { host, port, rootUser, rootPassword } = server.address;
  return createConnection({ host, port, user: rootUser, password: rootPassword });
}

describe(`a server for ${pterodactyl}`, () => {
  test('keeps what was committed through a restart and a crash, and leaves nothing', async () => {
    const server = await Server.start();
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

  test('ends, with its folder, when the process that started it is killed', async () => {
    const module = new URL(file, import.meta.url).href;
    const program = `
    const { ${name}: Server } = await import('${module}');
    const { pid, address } = await Server.start();
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
});
