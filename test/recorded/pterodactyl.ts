import { commonDifferences, error } from './differences.ts';
import type { RecordedPanel } from './recorded-panel.ts';
import { loadRecordings } from './recording.ts';

/** Pterodactyl with the addon inside, on MariaDB. */
export const recordedPterodactyl: RecordedPanel = {
  panel: 'pterodactyl',
  recordings: loadRecordings('pterodactyl.jsonl'),
  ownColumns: ['r_users', 'r_servers'],
  location: { id: 2001, short: 'conf', long: 'Conformance' },
  docs: ['docs/compatibility.md'],
  differences: {
    ...commonDifferences(null),
    'list upper case path': {
      heading: 'Paths have one case',
      status: 404,
      body: error(
        404,
        'NotFoundHttpException',
        'The route API/application/users/1003/api-keys could not be found.',
      ),
    },
  },
};
