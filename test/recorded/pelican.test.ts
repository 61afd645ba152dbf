import { describe } from 'vitest';
import { cells } from '../support/cells.ts';
import { recordedPelican } from './pelican.ts';
import { differencesAreDocumented, replayRecordings } from './replay-recordings.ts';

describe('what Pelican answered', () => {
  for (const { panel, on } of cells) if (panel === 'pelican') replayRecordings(recordedPelican, on);
  differencesAreDocumented(recordedPelican);
});
