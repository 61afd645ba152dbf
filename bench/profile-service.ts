import type { LoadGenerator } from './load.ts';
import type { BenchOptions } from './options.ts';
import { monotonicNow, profileEnv, profileFolder, type SelfTime, selfTimes, takeProfile } from './profile.ts';
import { benchPaths, benchToken } from './seed.ts';
import type { Setting } from './setting.ts';

const connections = 64;
const warmUpSeconds = 3;
const topFunctions = 40;

/**
 * Runs the service under a profiler with 64 clients asking, and keeps the profile.
 *
 * @param file where the profile is written; Chrome's developer tools open it
 * @returns where the time went, by package and by function, for people
 */
export async function profileService(
  setting: Setting,
  generate: LoadGenerator,
  { scenarios, seconds }: BenchOptions,
  file: string,
): Promise<string> {
  const folder = profileFolder();
  const service = await setting.startService(profileEnv(folder));
  const token = benchToken.identifier + benchToken.secret;
  const loads = scenarios.map((scenario) => {
    return { url: service.url, paths: benchPaths[scenario], token, connections, seconds };
  });
  for (const load of loads) await generate({ ...load, seconds: warmUpSeconds });
  const from = monotonicNow();
  let requests = 0;
  for (const load of loads) requests += (await generate(load)).requestsPerSecond * seconds;
  const span = { from, to: monotonicNow() };
  await service.stop();
  takeProfile(folder, file);
  return [
    `${Math.round(requests)} requests; the profile is in ${file}\n`,
    'Self time by package, microseconds per request:',
    ...selfTimes(file, 'package', span).map((part) => describe(part, requests)),
    '\nSelf time by function:',
    ...selfTimes(file, 'function', span)
      .slice(0, topFunctions)
      .map((part) => describe(part, requests)),
    '',
  ].join('\n');
}

function describe({ name, ms, share }: SelfTime, requests: number): string {
  const each = ((ms * 1000) / requests).toFixed(2);
  return `${each.padStart(8)} ${`${(share * 100).toFixed(1)}%`.padStart(6)}  ${name}`;
}
