import { type Check, ok, warn } from './check.ts';

/** Whom the panel's policy keeps from using keys made here. */
export const checkTwoFactor: Check = {
  name: 'two-factor',
  run: async ({ database, panel }) => {
    const { level, source } = await panel.get().twoFactorPolicy(database.get().queries);
    if (level === 'nobody') return ok(`nobody must set up a second factor (${source})`);
    const whom = level === 'admins' ? 'admins' : 'all users';
    return warn(
      `${whom} must set up a second factor (${source}), else their keys are answered 400`,
      'have them set it up before they are given keys',
    );
  },
};
