import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf, type Sent, send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedCredentials } from '../support/recorded-keys.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';

const key = recordedCredentials.full?.bearer ?? '';
const carolsKeys = '/api/application/users/1003/api-keys';
const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';

describe.each(cells)('what depends on the database, with %s', ({ panel: name, on }) => {
  let panel: PanelDatabase;
  let service: RunningService;
  const request = (sent: Sent) => send(service.url, sent);
  const create = (description: string) =>
    request({ method: 'POST', path: carolsKeys, key, body: { description } });

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    await panel.reset(recordedSeed(name));
    service = await startService(panel.folder, { env: recordedEnv });
  });

  afterAll(async () => {
    await service?.stop();
    await panel?.drop();
  });

  // Beyond what a signed and an unsigned column hold, and beyond what any does.
  it.each([2_147_483_648, 4_294_967_295, 4_294_967_296, 9_999_999_999])(
    'an id of %d names nothing',
    async (id) => {
      const user = await request({ path: `/api/application/users/${id}/api-keys`, key });
      const node = await request({ path: `/api/application/nodes/${id}/allocations/free`, key });
      expect([refusalOf(user), refusalOf(node)]).toEqual([notFound, notFound]);
    },
  );

  it('a NUL in a description is kept, or refused where the database can store none', async () => {
    const answer = await create('before\0after');

    if (on === 'postgres') {
      expect(refusalOf(answer)).toBe('422 ValidationException: The description format is invalid.');
      expect(answer.json).toMatchObject({
        errors: [{ meta: { source_field: 'description', rule: 'regex' } }],
      });
    } else {
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ attributes: { description: 'before\0after' } });
      expect((await request({ path: carolsKeys, key })).text).toContain('before\\u0000after');
    }
  });

  it.each(['Café ☕ 鍵', "'; drop table api_keys; --", '\\', '%_', '🎮'.repeat(250), '?', '$1', ':a'])(
    'a description comes back as it was sent: %s',
    async (description) => {
      const { attributes } = (await create(description)).json as { attributes: { identifier: string } };
      const list = (await request({ path: carolsKeys, key })).json;
      expect(list).toMatchObject({
        data: expect.arrayContaining([
          expect.objectContaining({
            attributes: expect.objectContaining({ identifier: attributes.identifier, description }),
          }),
        ]),
      });
      await request({ method: 'DELETE', path: `${carolsKeys}/${attributes.identifier}`, key });
    },
  );

  it('a key whose identifier is spelled in another case is none', async () => {
    const { identifier, secret } = recordedCredentials.full ?? { identifier: '', secret: '' };
    const answer = await request({ path: carolsKeys, key: identifier.toUpperCase() + secret });
    expect(refusalOf(answer)).toBe('401 AuthenticationException: Unauthenticated.');
  });

  it('times are now, as sessions like those of the panel read them', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { attributes } = (await create('timed')).json as {
      attributes: { identifier: string; created_at: string };
    };
    const [row] = await panel.query('select created_at, updated_at from api_keys where identifier = ?', [
      attributes.identifier,
    ]);
    const [activity] = await panel.query('select max(timestamp) as at from activity_logs');

    const shown = Date.parse(attributes.created_at);
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Date.now());
    const stored = [row?.created_at, row?.updated_at].map((text) => Date.parse(`${text}Z`));
    expect(stored).toEqual([shown, shown]);
    expect(Math.abs(Date.parse(`${activity?.at}Z`) - shown)).toBeLessThanOrEqual(1000);
  });
});
