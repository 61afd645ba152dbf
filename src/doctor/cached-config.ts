import { readCachedConfig } from '../panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../panel/env/cached-config-differences.ts';
import { type Check, ok, warn } from './check.ts';

/** While the panel has a cached configuration, it ignores its `.env`: the two should say the same. */
export const checkCachedConfig: Check = {
  name: 'cached config',
  run: (findings) => {
    const env = findings.env.get();
    const cached = readCachedConfig(env.folder);
    if (cached === null) return ok('none, so the panel reads its .env too');
    const differences = cachedConfigDifferences(cached, env);
    if (differences.length === 0) return ok('says the same as the environment');
    return warn(
      differences.join(' '),
      cached.readable
        ? 'run `php artisan config:cache` in the panel, so that it obeys its .env'
        : `let this user read ${cached.file}, or run \`php artisan config:clear\` in the panel`,
    );
  },
};
