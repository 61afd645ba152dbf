import { expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { checkClocks } from '../../src/doctor/clocks.ts';
import { Findings } from '../../src/doctor/findings.ts';

/** The check against a database whose clock is `seconds` ahead. */
async function judge(seconds: number) {
  const findings = new Findings({ panel: '', config: null, processEnv: {} });
  const now = async () => new Date(Date.now() + seconds * 1000);
  findings.database.set({ kind: 'mysql', now } as unknown as Database);
  return checkClocks.run(findings);
}

it.each([
  [0, 'ok', "the database's and this machine's agree to 0.0 s"],
  [-1.7, 'ok', "the database's and this machine's agree to 1.7 s"],
  [2.5, 'warn', "the database's clock is 2.5 s ahead"],
  [-29.5, 'warn', "the database's clock is 29.5 s behind"],
  [30.5, 'fail', "the database's clock is 30.5 s ahead"],
])('a clock %d s ahead is %s', async (seconds, status, detail) => {
  expect(await judge(seconds)).toMatchObject({ status, detail });
});
