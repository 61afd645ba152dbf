import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { pelican } from '../../src/panel/pelican/pelican.ts';
import { pterodactyl } from '../../src/panel/pterodactyl/pterodactyl.ts';
import { TEST_APP_KEY } from '../support/panel-database.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-env-'));
  writeFileSync(join(folder, '.env'), `APP_KEY=${TEST_APP_KEY}\nDB_CONNECTION=mysql\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const set = { APP_API_APPLICATION_RATELIMIT: '5', APP_API_APPLICATION_RATELIMIT_PERIOD: '3' };

test.each([
  [pterodactyl, {}, { max: 240, periodMinutes: 1 }],
  // Its period is fixed.
  [pterodactyl, set, { max: 5, periodMinutes: 1 }],
  [pelican, {}, { max: 256, periodMinutes: 1 }],
  [pelican, set, { max: 5, periodMinutes: 3 }],
] as const)('$0.name takes from %j what the panel takes', (kind, env, limit) => {
  expect(kind.create(loadPanelEnv(folder, env), false).rateLimit).toEqual(limit);
});
