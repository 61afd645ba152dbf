import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { type ScopedKey, type ScopedPanel, startScopedPanel } from './scoped-panel.ts';
import { webServerNames } from './web-servers.ts';

describe.each(cells)('%s', (cell) => {
  let scoped: ScopedPanel;
  let free: ScopedKey;

  beforeAll(async () => {
    scoped = await startScopedPanel(cell);
    free = await scoped.makeKey();
    for (const name of webServerNames) await scoped.fronts[name].service.stop();
  });

  afterAll(() => scoped?.close());

  beforeEach(() => {
    scoped.standIn.take();
  });

  describe.each(webServerNames)('behind %s, with the service stopped', (name) => {
    test.each(['/api/client/account', '/index.php/api/client', '/', '/%61pi'])(
      'nothing with a key passes: %s',
      async (path) => {
        const { status } = await send(scoped.fronts[name].url, { path, key: free.bearer });
        expect(status).toBe(name === 'nginx' ? 503 : 502);
        expect(scoped.standIn.take()).toEqual([]);
      },
    );

    test('pages that need no key do, and so does what Wings sends', async () => {
      const pages = ['/', '/auth/login', '/api/client', '/index.php/api/client/account'];
      for (const path of pages) expect((await send(scoped.fronts[name].url, { path })).status).toBe(200);
      const headers = { authorization: 'Bearer 0123456789abcdef.0123456789abcdef' };
      const wings = await send(scoped.fronts[name].url, { path: '/api/remote/servers?page=1', headers });
      expect(wings.status).toBe(200);
      expect(scoped.standIn.take()).toHaveLength(pages.length + 1);
    });
  });

  test('what nginx itself refuses is answered as ever', async () => {
    const { status, headers } = await send(scoped.fronts.nginx.url, { path: '/.htaccess' });
    expect([status, headers['content-type']]).toEqual([403, 'text/html']);
  });

  test("nginx says so in the panel's envelope", async () => {
    const { headers, json } = await send(scoped.fronts.nginx.url, { path: '/api/client', key: free.bearer });
    expect([headers['content-type'], json]).toEqual([
      'application/json',
      {
        errors: [
          {
            code: 'ServiceUnavailableHttpException',
            status: '503',
            detail: 'API keys cannot be checked at the moment, please try again.',
          },
        ],
      },
    ]);
  });
});
