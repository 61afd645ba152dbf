import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf, send } from '../support/client.ts';
import { type GaleraCluster, startGalera } from '../support/galera.ts';
import { keyOf, type Life, makeKey, startLife } from '../support/life.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';

let cluster: GaleraCluster;

describe.each(cells.filter(({ on }) => on === 'mariadb'))('%s on two nodes of Galera', (cell) => {
  let life: Life;
  let services: readonly RunningService[];
  beforeAll(async () => {
    cluster = await startGalera();
    const [first, second] = cluster.nodes;
    const env = { SIDECAR_DATABASE_TIMEOUT_MS: '2000' };
    life = await startLife(cell, env, first.address);
    services = [life.service, await life.start({ ...env, DB_PORT: String(second.address.port) })];
  });
  afterAll(async () => {
    await life.close();
    await cluster.stop();
  });

  /** Sends through each node in turn. */
  const through = (index: number, request: Parameters<typeof send>[1]): Promise<Answer> =>
    send(services[index % 2]?.url ?? '', { key: life.key.bearer, ...request });

  it('changes of one key through both are all made, none is refused for being second', async () => {
    const user = await life.seed.user();
    const key = await makeKey(life, user, { description: 'before' });
    const before = await cluster.conflicts();
    const answers: Answer[] = [];
    // Until the nodes have been in each other's way at least so often.
    while ((await cluster.conflicts()) < before + 5) {
      const round = Array.from({ length: 40 }, (_, index) =>
        through(index, {
          ...{ method: 'PATCH', path: keyOf(user, key) },
          body: { description: `change ${answers.length + index}` },
        }),
      );
      answers.push(...(await Promise.all(round)));
    }
    expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
    const rows = await life.panel.query("select id from activity_logs where event = 'user:api-key.update'");
    expect(rows).toHaveLength(answers.length);
  });

  it('keys made and revoked through both are each there once, with their records', async () => {
    const user = await life.seed.user();
    const made = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        through(index, { method: 'POST', path: keysOf(user), body: { description: `key ${index}` } }),
      ),
    );
    expect(made.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const identifiers = made.map(
      ({ json }) => (json as { attributes: { identifier: string } }).attributes.identifier,
    );
    // Each by both nodes at once: one revokes it, to the other it is gone.
    const revoked = await Promise.all(
      identifiers.flatMap((identifier) =>
        [0, 1].map((index) => through(index, { method: 'DELETE', path: `${keysOf(user)}/${identifier}` })),
      ),
    );
    expect(revoked.filter(({ status }) => status === 204)).toHaveLength(4);
    expect(revoked.filter(({ status }) => status === 404)).toHaveLength(4);
  });

  it('a node that has lost the other one is answered for with 503, until it goes on', async () => {
    const user = await life.seed.user();
    await cluster.nodes[1].halt('SIGKILL');
    const refusals: string[] = [];
    await until(async () => {
      const answer = await through(0, { path: keysOf(user) });
      if (answer.status !== 200) refusals.push(refusalOf(answer));
      return refusals.length === 5;
    });
    const away = /^503 ServiceUnavailableHttpException: The (database|audit log) is not available/;
    expect(refusals.filter((refusal) => !away.test(refusal))).toEqual([]);
    await cluster.goOnAlone();
    await until(async () => (await through(0, { path: keysOf(user) })).status === 200);
  });
});
