import { Encrypter } from '../panel/encrypter.ts';
import { checkAppKey } from '../startup/app-key-check.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** APP_KEY is the one the panel's secrets are encrypted with. */
export const checkAppKeyOpens: Check = {
  name: 'app key',
  run: async ({ env, database, panel }) => {
    const encrypter = new Encrypter(env.get().appKeys);
    switch (await checkAppKey(database.get(), panel.get(), encrypter)) {
      case 'opens':
        return ok('APP_KEY opens the stored API keys');
      case 'no-keys':
        return warn('there is no API key yet to try APP_KEY on', 'make one in the panel, then look again');
      case 'does-not-open':
        return fail(
          'APP_KEY does not open the stored API keys',
          "use the panel's own, and put older ones in APP_PREVIOUS_KEYS",
        );
    }
  },
};
