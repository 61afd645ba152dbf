import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import { serializePhpString } from '../../src/panel/php-string.ts';
import type { PanelName } from './cells.ts';
import { TEST_APP_KEY } from './panel-database.ts';
import { seedRecordedPelican } from './recorded-pelican-state.ts';
import { seedRecordedState } from './recorded-state.ts';
import type { Seed } from './test-database.ts';

const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);

const seeds: Readonly<Record<PanelName, Seed>> = {
  pterodactyl: (db) => seedRecordedState(db, (secret) => encrypter.encrypt(serializePhpString(secret))),
  pelican: (db) => seedRecordedPelican(db, (secret) => encrypter.encrypt(secret)),
};

/** Fills a test panel with what the recorded requests met, encrypted under its APP_KEY. */
export function recordedSeed(panel: PanelName): Seed {
  return seeds[panel];
}
