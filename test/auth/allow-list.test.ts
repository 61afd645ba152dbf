import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { panelTraits } from '../support/panel-traits.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let path: string;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    path = keysOf(await sidecar.seed.user());
  });
  afterAll(() => sidecar.close());

  async function ask(stored: string | null): Promise<{ key: SeededKey; admitted: boolean }> {
    const key = await sidecar.seed.key(admin, { allowedIps: stored });
    const answer = await sidecar.send({ path, key: key.bearer });
    if (answer.status !== 200) {
      expect(refusalOf(answer)).toBe(
        '403 AccessDeniedHttpException: This IP address (127.0.0.1) does not have permission to access the API using these credentials.',
      );
      expect(answer.headers['x-ratelimit-limit']).toBeUndefined();
    }
    return { key, admitted: answer.status === 200 };
  }

  it.each(panelTraits[cell.panel].openLists)('a list of %j restricts nothing', async (stored) => {
    expect((await ask(stored)).admitted).toBe(true);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['127.0.0.0/8', true],
    ['127.0.0.77/8', true],
    ['126.0.0.0/8', false],
    ['127.0.0.1/32', true],
    ['0.0.0.0/0', true],
    ['127.0.0.0-127.0.0.9', true],
    ['127.0.0.2-127.0.0.9', false],
    ['127.0.0.*', true],
    ['127.0.*.*', true],
    ['10.0.0.*', false],
    ['127.0.0.0 255.0.0.0', true],
    ['127.0.0.0 255.255.255.254', true],
    ['126.0.0.0 255.0.0.0', false],
    ['2130706433', true],
    ['0x7f000001', true],
    ['2130706434', false],
    ['::ffff:127.0.0.1', true],
    ['::ffff:127.0.0.0/104', true],
    ['::ffff:10.0.0.1', false],
    ['::1', false],
    ['::/0', false],
  ])('an entry %s admits 127.0.0.1: %s', async (entry, admitted) => {
    // The panel stores slashes escaped; both spellings are the same JSON.
    expect((await ask(JSON.stringify([entry]).replaceAll('/', '\\/'))).admitted).toBe(admitted);
    expect((await ask(JSON.stringify(['10.9.9.9', entry]))).admitted).toBe(admitted);
  });

  it.each([
    ['127.0.0.1/33'],
    ['127.0.0.9-127.0.0.0'],
    ['127.0.0.1 '],
    ['127.0.0.1/'],
    ['127.0.0.1 255.0.255.0'],
    ['localhost'],
    ['*'],
    [''],
    ['127.1'],
    ['0177.0.0.1'],
    [['127.0.0.1']],
    [null],
    [true],
  ])('an entry %j cannot be read, so it matches nothing and is logged', async (entry) => {
    const { key, admitted } = await ask(JSON.stringify([entry]));
    expect(admitted).toBe(false);
    const text = typeof entry === 'string' ? entry : JSON.stringify(entry);
    await until(() =>
      sidecar.service.log.some(
        (line) => line.includes(`"apiKeyId":${key.id},`) && line.includes(`"entry":${JSON.stringify(text)}`),
      ),
    );
    expect((await ask(JSON.stringify([entry, '127.0.0.1']))).admitted).toBe(true);
  });

  it('the address counts that the connection comes from', async () => {
    const key = await sidecar.seed.key(admin, { allowedIps: '["127.0.0.5"]' });
    expect((await sidecar.send({ path, key: key.bearer, from: '127.0.0.5' })).status).toBe(200);
    const refused = await sidecar.send({ path, key: key.bearer, from: '127.0.0.6' });
    expect(refusalOf(refused)).toContain('This IP address (127.0.0.6) does not');
  });
});
