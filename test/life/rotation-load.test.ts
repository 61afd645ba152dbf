import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWebServer, type WebServer } from '../scopes/web-servers.ts';
import { send } from '../support/client.ts';
import { enforcing, keyOf, type Life, lifeCells, madeKey, makeKey, startLife } from '../support/life.ts';
import { accountKeysOf, type SeededUser } from '../support/seed.ts';
import { until } from '../support/sidecar.ts';
import { StandInPanel } from '../support/stand-in-panel.ts';

const clients = 100;
const rotations = 6;
const graceSeconds = 3;
/** No request is sent with a key that has less time left: it might end on the way. */
const marginMs = 1500;

describe.each(lifeCells)('rotation under load, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  let standIn: StandInPanel;
  let nginx: WebServer;
  beforeAll(async () => {
    life = await startLife(cell, { ...enforcing, SIDECAR_SCOPES_PROXY: 'nginx' });
    user = await life.seed.user();
    standIn = await StandInPanel.start();
    nginx = await startWebServer('nginx', { panel: standIn, service: new URL(life.service.url).host });
  });
  afterAll(async () => {
    await nginx?.stop();
    await standIn?.stop();
    await life?.close();
  });

  /** As clients of the panel send it: nginx asks the service, and passes it on to the panel. */
  const account = (key: string) => send(nginx.url, { path: '/api/client/account', key });

  it('loses no request that carries a valid key', async () => {
    const first = await makeKey(life, user, { description: 'rotated', permissions: ['user.read'] });
    // Each with the time until which it surely works: the newest without a bound.
    const keys = [{ ...first, until: Number.POSITIVE_INFINITY }];
    let isOver = false;
    const answers = new Map<number, number>();

    /** Some clients take the newest key at once, some use an old one as long as they may. */
    async function client(number: number): Promise<void> {
      while (!isOver) {
        const valid = keys.filter((key) => key.until - Date.now() > marginMs);
        const key = number % 2 === 0 ? valid.at(-1) : valid[number % valid.length];
        const { status } = await account(key?.bearer ?? '');
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
    }
    const running = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));

    for (let rotation = 0; rotation < rotations; rotation += 1) {
      const [old] = keys.slice(-1);
      if (old === undefined) throw new Error('there is always a newest key');
      const sentAt = Date.now();
      const body = { grace_seconds: graceSeconds };
      const answer = await send(nginx.url, {
        ...{ method: 'POST', path: `${keyOf(user, old)}/rotate`, key: life.key.bearer, body },
      });
      old.until = sentAt + graceSeconds * 1000;
      keys.push({ ...madeKey(answer), until: Number.POSITIVE_INFINITY });
      const served = answers.get(200) ?? 0;
      await until(() => (answers.get(200) ?? 0) >= served + clients);
    }
    // The load goes on while the old keys end and are cleared away.
    await until(async () => (await accountKeysOf(life.panel, user)).length === 1);
    isOver = true;
    await running;

    expect([...answers.keys()]).toEqual([200]);
    expect(answers.get(200)).toBeGreaterThan(clients * rotations);
    const [left] = await accountKeysOf(life.panel, user);
    expect(left?.identifier).toBe(keys.at(-1)?.identifier);
    expect(standIn.take()).toHaveLength(answers.get(200) ?? 0);
    // What has ended does not get there.
    expect((await account(first.bearer)).status).toBe(401);
    expect(standIn.take()).toEqual([]);
  }, 60_000);
});
