import { type Check, fail, ok, warn } from './check.ts';

/** In seconds. Times are stored to the second, and a key is known to expire to the second. */
const noticeable = 2;
const harmful = 30;
const remedy = 'have both machines set their clocks by NTP';

/** This machine's clock and the database's agree: both write times that are compared with each other. */
export const checkClocks: Check = {
  name: 'clocks',
  run: async ({ database }) => {
    const opened = database.get();
    if (opened.kind === 'sqlite') return ok('the database has none of its own');
    const before = Date.now();
    const theirs = await opened.now();
    const ours = (before + Date.now()) / 2;
    const seconds = Math.abs(theirs.getTime() - ours) / 1000;
    const detail = `the database's clock is ${seconds.toFixed(1)} s ${theirs.getTime() < ours ? 'behind' : 'ahead'}`;
    if (seconds > harmful) return fail(detail, remedy);
    if (seconds > noticeable) return warn(detail, remedy);
    return ok(`the database's and this machine's agree to ${seconds.toFixed(1)} s`);
  },
};
