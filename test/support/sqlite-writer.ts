import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { timed } from './cpu-wait.ts';

/** What a writer prints when it ends. */
export interface WriterReport {
  /** Activity rows it wrote. */
  readonly rows: number;
  /** For how long 99 of 100 writes were kept out, and the unluckiest, in milliseconds. */
  readonly p99: number;
  readonly longest: number;
}

/*
 * A process that writes a Pelican's SQLite file the way the panel does: by single statements and by transactions
 * that take no lock before their first write, the next one a moment after the last, without a busy timeout.
 * Where it is refused it looks again after a millisecond. It runs until its standard input ends.
 *
 * argv[2]: the file; argv[3]: the process that writes it too
 */
const [, , file = '', rival = ''] = process.argv;
const database = new DatabaseSync(file, { timeout: 0 });

const insert = `insert into activity_logs (event, ip, properties, timestamp)
  values ('server:power.start', '192.0.2.1', '[]', '2026-01-02 03:04:05')`;
const update = "update users set updated_at = '2026-01-02 03:04:05' where id = 1003";
const writes = [`begin; ${insert}; ${update}; commit`, update, insert, `begin; ${update}; commit`];

const waits: number[] = [];
let rows = 0;
let isWanted = true;
process.stdin.resume().once('end', () => {
  isWanted = false;
});

process.stdout.write('ready\n');
while (isWanted) {
  const sql = writes[waits.length % writes.length] ?? '';
  const { ms } = await timed([process.pid, Number(rival)], () => writeAtLast(sql));
  waits.push(ms);
  if (sql.includes('insert')) rows += 1;
  await delay(2);
}
waits.sort((a, b) => a - b);
const at = (share: number) => waits[Math.floor(share * (waits.length - 1))] ?? 0;
const report: WriterReport = { rows, p99: at(0.99), longest: at(1) };
process.stdout.write(`${JSON.stringify(report)}\n`);

async function writeAtLast(sql: string): Promise<void> {
  while (!write(sql)) await delay(1);
}

function write(sql: string): boolean {
  try {
    database.exec(sql);
    return true;
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    const { errcode } = error as { errcode?: number };
    if (errcode === undefined || (errcode & 0xff) !== 5) throw error;
    return false;
  }
}
