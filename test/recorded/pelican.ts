import { commonDifferences, type Difference, error } from './differences.ts';
import type { RecordedPanel } from './recorded-panel.ts';
import { loadRecordings, type Recording } from './recording.ts';

const deleted: Difference = { heading: 'Deletion is 204', status: 204, body: () => '', keys: -1 };

const adminTarget: Difference = {
  heading: 'Admins are known by their roles',
  status: 403,
  body: error(403, 'AccessDeniedHttpException', 'This action is unauthorized.'),
};

/** Pelican on MariaDB; its key endpoints are those of a proposal that the project did not take. */
export const recordedPelican: RecordedPanel = {
  panel: 'pelican',
  recordings: loadRecordings('pelican.jsonl').map(withAllowLists),
  ownColumns: ['permissions'],
  location: null,
  docs: ['docs/compatibility.md', 'docs/pelican.md'],
  differences: {
    ...commonDifferences([]),
    'auth delete as full': deleted,
    'auth delete as ipOk': deleted,
    'auth delete as notYetExpired': deleted,
    'delete with content type only': deleted,
    'delete ok': deleted,
    'create limit': {
      heading: 'The limit is the same on both panels',
      status: 400,
      body: error(400, 'DisplayException', 'This user has reached the limit of 5 API keys.'),
    },
    'list user 1001': adminTarget,
    'list user 1004': adminTarget,
    'create for admin target': adminTarget,
  },
};

/** The recorded SQL left a mandatory column out, which only MariaDB lets pass, and only where it is not strict. */
function withAllowLists(recording: Recording): Recording {
  if (recording.setup === undefined) return recording;
  const setup = recording.setup.map((sql) =>
    sql.replace(',memo) values(', ',memo,allowed_ips) values(').replace(/\)$/, ",'[]')"),
  );
  return { ...recording, setup };
}
