import { describe } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { recordedPterodactyl } from './pterodactyl.ts';
import { differencesAreDocumented, replayRecordings } from './replay-recordings.ts';

describe('what Pterodactyl with the addon answered', () => {
  // The demo is a Pterodactyl on SQLite.
  for (const on of [pterodactyl.on, 'sqlite'] as const) replayRecordings(recordedPterodactyl, on);
  differencesAreDocumented(recordedPterodactyl);
});
