import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A process that writes a Pelican's SQLite file the way the panel does: transactions that take no lock before
 * their first write, no busy timeout, the next one a moment after the last. Where it is refused it tries again,
 * and remembers for how long it was kept out. It runs until its standard input ends and then prints what it
 * remembers as JSON.
 *
 * @param process.argv[2] the file
 */
const [, , file = ''] = process.argv;
const database = new DatabaseSync(file, { timeout: 0 });

let commits = 0;
let longestMs = 0;
let isWanted = true;
process.stdin.resume().once('end', () => {
  isWanted = false;
});

process.stdout.write('ready\n');
while (isWanted) {
  const since = performance.now();
  while (!write()) await delay(1);
  longestMs = Math.max(longestMs, performance.now() - since);
  commits += 1;
  await delay(2);
}
process.stdout.write(`${JSON.stringify({ commits, longestMs })}\n`);

function write(): boolean {
  try {
    database.exec(`
      begin;
      insert into activity_logs (event, ip, properties, timestamp)
        values ('server:power.start', '192.0.2.1', '[]', '2026-01-02 03:04:05');
      update users set updated_at = '2026-01-02 03:04:05' where id = 1003;
      commit`);
    return true;
  } catch {
    if (database.isTransaction) database.exec('rollback');
    return false;
  }
}
