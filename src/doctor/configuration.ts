import { loadSettings } from '../config/load.ts';
import { type Check, ok } from './check.ts';

/** The service's own settings hold usable values. */
export const checkConfiguration: Check = {
  name: 'configuration',
  run: ({ target, env, settings }) => {
    const { variable } = env.get();
    settings.set(loadSettings(target.config, variable));
    return ok(target.config ?? 'no file, so defaults and environment variables');
  },
};
