import { loadPanelEnv } from '../panel/env/panel-env.ts';
import { type Check, ok } from './check.ts';

/** The panel's `.env` and the process environment can be read and hold usable values. */
export const checkEnvironment: Check = {
  name: 'environment',
  run: ({ target, env }) => {
    const read = loadPanelEnv(target.panel, target.processEnv);
    env.set(read);
    return ok(read.envFile ?? 'all from the process environment');
  },
};
