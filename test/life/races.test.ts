import { afterAll, beforeAll, expect, it } from 'vitest';
import { adminSession, envValueOf } from '../support/admin-session.ts';
import { pterodactyl } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { keyOf, type Life, makeKey, startLife } from '../support/life.ts';
import { accountKeysOf, activities } from '../support/seed.ts';
import { until } from '../support/sidecar.ts';

let life: Life;
beforeAll(async () => {
  life = await startLife(pterodactyl);
});
afterAll(() => life.close());

/** Whether the service waits for the row of a key that somebody else is about to delete. */
async function waitsForKey(): Promise<boolean> {
  const rows = await life.panel.query(
    'select id from information_schema.processlist where user = ? and info rlike ?',
    [envValueOf(life.panel, 'DB_USERNAME'), '^(update|delete from) .?api_keys.*where.*id'],
  );
  return rows.length > 0;
}

it.each([
  ['PATCH', '', { description: 'changed', reference: 'r' }],
  ['POST', '/disable', undefined],
  ['POST', '/rotate', { grace_seconds: 0 }],
  ['POST', '/rotate', { grace_seconds: 600 }],
])(
  '%s%s on a key that the panel deletes meanwhile is 404 and leaves nothing: %j',
  async (method, action, body) => {
    const user = await life.seed.user();
    const key = await life.seed.key(user, { type: 1 });
    const before = await activities(life.panel, 'true');
    const session = await adminSession(life.panel);
    try {
      await session.query('start transaction');
      await session.query(`delete from api_keys where id = ${key.id}`);
      const pending = life.ask({ method, path: `${keyOf(user, key)}${action}`, body });
      await until(waitsForKey);
      await session.query('commit');
      expect(refusalOf(await pending)).toBe(
        '404 NotFoundHttpException: The requested resource could not be found on the server.',
      );
    } finally {
      await session.end();
    }
    expect(await accountKeysOf(life.panel, user)).toEqual([]);
    expect(await life.panel.query('select * from sidecar_keys')).toEqual([]);
    expect(await activities(life.panel, 'true')).toEqual(before);
  },
);

it('a key that is reported as leaked while it is rotated is either replaced or revoked, never both', async () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 25; round += 1) {
    const user = await life.seed.user();
    const key = await makeKey(life, user, { description: 'x' });
    const [rotated, reported] = await Promise.all([
      life.ask({ method: 'POST', path: `${keyOf(user, key)}/rotate`, body: {} }),
      life.ask({ method: 'POST', path: '/api/application/api-keys/revoke', body: { keys: [key.bearer] } }),
    ]);
    const [verdict] = (reported.json as { data: { attributes: { revoked: boolean } }[] }).data;
    outcomes.add(`${rotated.status} ${verdict?.attributes.revoked}`);
    expect(await accountKeysOf(life.panel, user)).toHaveLength(rotated.status === 200 ? 1 : 0);
  }
  expect([...outcomes].filter((outcome) => !['200 false', '404 true'].includes(outcome))).toEqual([]);
});
