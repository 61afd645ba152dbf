import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, send } from '../support/client.ts';
import { createPanelDatabase } from '../support/panel-database.ts';
import { type ReplicatedServer, startReplicated } from '../support/replica.ts';
import { activities, PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, unlimited, until } from '../support/sidecar.ts';

const timeoutMs = 4000;
const env = { DB_READ_HOST: '127.0.0.2', SIDECAR_DATABASE_TIMEOUT_MS: String(timeoutMs) };
const away = 'the replica fails: lists are read from the primary for now';
const back = 'lists are read from the replica again';

const rowsOf = ({ json }: Answer) => (json as { data: { attributes: Record<string, unknown> }[] }).data;

describe.each(cells.filter(({ on }) => on !== 'sqlite'))('%s with a replica', (cell) => {
  let servers: ReplicatedServer;
  let sidecar: Sidecar;
  let admin: SeededUser;
  let key: SeededKey;
  let user: SeededUser;
  beforeAll(async () => {
    servers = await startReplicated(cell.on);
    sidecar = await startSidecar(cell, { env, address: servers.primary.address, ownTables: true });
    admin = await sidecar.seed.user({ admin: true });
    key = await sidecar.seed.key(admin);
    user = await sidecar.seed.user();
    await until(() => isThere(user));
  });
  afterAll(async () => {
    await sidecar.close();
    await servers.stop();
  });

  const get = (path: string, bearer = key.bearer) => sidecar.send({ path, key: bearer });
  const listed = async (path: string) => rowsOf(await get(path)).length;
  const create = (owner: SeededUser, description: string) =>
    sidecar.send({ method: 'POST', path: keysOf(owner), key: key.bearer, body: { description } });
  const said = (text: string) => sidecar.service.log.filter((line) => line.includes(text)).length;

  /** Whether the replica has caught up: a key made now is listed. */
  async function isThere(owner: SeededUser): Promise<boolean> {
    const before = await listed(keysOf(owner));
    const made = (await create(owner, `marker ${crypto.randomUUID()}`)).status;
    if (made !== 200) throw new Error(`no marker, but ${made}`);
    await until(async () => (await listed(keysOf(owner))) > before);
    return true;
  }

  it('lists come from there', async () => {
    const [someone, node] = [await sidecar.seed.user(), await sidecar.seed.node(3)];
    const paths = [
      ...[keysOf(someone), '/api/application/api-keys?filter[description]=only+on+the+primary'],
      ...[freeOn(node), `${freeOn(node)}?cursor=`, `${freeOn(node)}?consecutive=2`],
      `/api/application/allocations/free?node_ids=${node.id}`,
    ];
    await until(async () => (await listed(freeOn(node))) === 3);
    await servers.hold();
    await create(someone, 'only on the primary');
    await sidecar.panel.execute('delete from allocations where node_id = ?', [node.id]);
    const behind = await Promise.all(paths.map(listed));
    await servers.follow();
    expect(behind).toEqual([0, 0, 3, 3, 1, 3]);
    await until(async () => (await Promise.all(paths.map(listed))).join() === '1,1,0,0,0,0');
  });

  it('keys are judged by the primary', async () => {
    await servers.hold();
    const made = await sidecar.seed.key(admin);
    expect((await get(keysOf(user), made.bearer)).status).toBe(200);
    await servers.follow();
    await isThere(await sidecar.seed.user());
    await servers.hold();
    await sidecar.panel.execute('delete from api_keys where id = ?', [made.id]);
    expect((await get(keysOf(user), made.bearer)).status).toBe(401);
    await servers.follow();
  });

  it('so are single keys, rules, and what a request reads after it has written', async () => {
    await servers.hold();
    const someone = await sidecar.seed.user();
    const node = await sidecar.seed.node(4);
    const made = await create(someone, 'twice');
    const { identifier } = (made.json as { attributes: { identifier: string } }).attributes;
    expect((await get(`${keysOf(someone)}/${identifier}`)).status).toBe(200);
    expect((await create(someone, 'twice')).status).toBe(422);
    const claim = await sidecar.send({
      ...{ method: 'POST', path: '/api/application/allocations/claims', key: key.bearer },
      body: { node_ids: [node.id], count: 3 },
    });
    expect(claim.status).toBe(201);
    const { relationships } = (
      claim.json as { attributes: { relationships: { allocations: { data: unknown[] } } } }
    ).attributes;
    expect(relationships.allocations.data).toHaveLength(3);
    const revoked = await sidecar.send({
      ...{ method: 'DELETE', path: `${keysOf(someone)}/${identifier}`, key: key.bearer },
    });
    expect(revoked.status).toBe(204);
    await servers.follow();
  });

  it('a list is recorded on the primary', async () => {
    const other = await sidecar.seed.key(admin);
    expect((await get(keysOf(user), other.bearer)).status).toBe(200);
    const rows = await activities(sidecar.panel, 'api_key_id = ?', [other.id]);
    expect(rows.map(({ event }) => event)).toEqual(['user:api-key.view']);
  });

  it('while it is away the primary lists, which is said once', async () => {
    const [wasAway, wasBack] = [said(away), said(back)];
    await servers.replica.halt();
    const someone = await sidecar.seed.user();
    await create(someone, 'on the primary');
    for (let count = 0; count < 5; count += 1) expect(await listed(keysOf(someone))).toBe(1);
    expect(said(away)).toBe(wasAway + 1);
    await servers.replica.start();
    await until(() => said(back) === wasBack + 1);
    await isThere(someone);
  });

  it('while it hangs nobody waits longer than for the primary', async () => {
    const wasBack = said(back);
    const resume = await servers.replica.pause();
    const start = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(keysOf(user))));
    const passedMs = performance.now() - start;
    const next = performance.now();
    expect((await get(keysOf(user))).status).toBe(200);
    const nextMs = performance.now() - next;
    resume();
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(passedMs).toBeLessThan(timeoutMs);
    expect(nextMs).toBeLessThan(timeoutMs / 2);
    await until(() => said(back) === wasBack + 1);
  });

  it('one that lacks the panel is no hindrance', async () => {
    await servers.hold();
    const panel = await createPanelDatabase(cell.panel, cell.on, servers.primary.address);
    const seed = new PanelSeed(panel);
    const other = await seed.key(await seed.user({ admin: true }));
    const service = await startService(panel.folder, { env: { ...unlimited, ...env } });
    const answer = await send(service.url, { path: keysOf(await seed.user()), key: other.bearer });
    await service.stop();
    await panel.drop();
    await servers.follow();
    expect(answer.status).toBe(200);
    expect(service.log.filter((line) => line.includes(away))).toHaveLength(1);
  });
});
