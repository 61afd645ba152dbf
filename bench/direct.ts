import { createConnection } from 'mysql2/promise';
import type { MariadbAddress } from '../test/support/mariadb-server.ts';
import { median } from './percentile.ts';

const rows = 'event, ip, actor_type, actor_id, api_key_id, properties';
const insert = `insert into activity_logs (${rows}) values (?, ?, ?, ?, ?, ?)`;
const activity = ['user:api-key.view', '127.0.0.1', 'user', 1, 1, '{"user_id":1001,"count":5}'];

/**
 * The least that an audited answer can cost: one trivial read and one committed row, through the driver
 * that the service uses, one after the other on one connection.
 *
 * @returns the median of both together, in milliseconds
 */
export async function measureDirect(
  address: MariadbAddress,
  database: string,
  seconds: number,
): Promise<number> {
  const { host, port, rootUser: user, rootPassword: password } = address;
  const connection = await createConnection({ host, port, user, password, database });
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    await connection.execute('select 1');
    await connection.execute(insert, activity);
    times.push(performance.now() - start);
  }
  await connection.end();
  return median(times);
}
