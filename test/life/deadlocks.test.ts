import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sent } from '../support/client.ts';
import { enforcing, keyOf, type Life, madeKey, startLife } from '../support/life.ts';
import { MariadbServer } from '../support/mariadb-server.ts';
import type { SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

// A server of its own, as it counts deadlocks for all its databases together.
let server: MariadbServer;
let life: Life;
let users: readonly SeededUser[];
beforeAll(async () => {
  server = await MariadbServer.start();
  life = await startLife({ panel: 'pterodactyl', on: 'mariadb' }, enforcing, server.address);
  users = await Promise.all(Array.from({ length: 40 }, () => life.seed.user()));
});
afterAll(async () => {
  await life?.close();
  await server?.stop();
});

async function deadlocks(): Promise<number> {
  const [row] = await life.panel.query("show global status like 'Innodb_deadlocks'");
  return Number(row?.Value);
}

it('what is done for many users at once does not meet in the own tables', async () => {
  const forEach = (request: (user: SeededUser, index: number) => Sent) =>
    Promise.all(users.map((user, index) => life.ask(request(user, index))));
  const statuses = (answers: readonly { readonly status: number }[]) => [
    ...new Set(answers.map(({ status }) => status)),
  ];
  const body = { description: 'x', expires_in: 3600, reference: 'r' };
  const creations = await forEach((user, index) => ({
    ...{ method: 'POST', path: keysOf(user), body, headers: { 'idempotency-key': `key ${index}` } },
  }));
  const made = creations.map(madeKey);
  const pathOf = (user: SeededUser, index: number) => keyOf(user, made[index] ?? { identifier: '' });
  const clear = { expires_at: null, permissions: null, reference: null };
  const steps: ((user: SeededUser, index: number) => Sent)[] = [
    (user, index) => ({ method: 'PATCH', path: pathOf(user, index), body: clear }),
    (user, index) => ({ method: 'PATCH', path: pathOf(user, index), body: { reference: 'again' } }),
    (user, index) => ({ method: 'POST', path: `${pathOf(user, index)}/disable` }),
    (user, index) => ({ method: 'POST', path: `${pathOf(user, index)}/enable` }),
    (user, index) => ({ method: 'POST', path: `${pathOf(user, index)}/rotate`, body: { grace_seconds: 60 } }),
    (user) => ({ method: 'POST', path: `${keysOf(user)}/revoke`, body: { all: true } }),
  ];
  for (const step of steps) expect(statuses(await forEach(step))).toEqual([200]);
  expect(await deadlocks()).toBe(0);
});
