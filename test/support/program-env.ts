import { fileURLToPath } from 'node:url';

/**
 * The environment that programs under test are started in: nothing of this process's own but the path, so that
 * no setting of whoever runs the tests gets in. Node keeps what it compiles, as the program starts hundreds of times.
 */
export const programEnv: Readonly<Record<string, string | undefined>> = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/tests', import.meta.url)),
};
