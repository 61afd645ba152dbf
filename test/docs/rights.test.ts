import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import type { Sent } from '../support/client.ts';
import { printedStatements } from '../support/least-privilege.ts';
import { claimsPath } from '../support/port-panel.ts';
import type { SeededKey, SeededNode, SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';
import { readDocument, sectionOf, tableRows } from './markdown.ts';
import { labelsOf, type PrintedRight, printedRights } from './printed-rights.ts';

let sidecar: Sidecar;
let admin: SeededKey;
let node: SeededNode;
let place: { readonly database: string; readonly account: string };

beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl, {
    ownTables: true,
    env: { CLIENT_API_MAX_KEYS_PER_USER: '1000', SIDECAR_CLAIMS_MAX_HELD: '100000' },
  });
  const { seed, panel } = sidecar;
  admin = await seed.key(await seed.user({ admin: true }));
  node = await seed.node(2000);
  const env = parseEnv(readFileSync(join(panel.folder, '.env'), 'utf8'));
  place = { database: env.DB_DATABASE ?? '', account: `'${env.DB_USERNAME}'@'127.0.0.1'` };
});
afterAll(() => sidecar?.close());

const ask = (request: Sent) => sidecar.send({ key: admin.bearer, ...request });
const attributesOf = (json: unknown) =>
  (json as { attributes: { identifier: string; id: string } }).attributes;

let count = 0;
const next = () => {
  count += 1;
  return `number ${count}`;
};

/** Everything that must be there before a request takes away or changes it. */
async function prepare() {
  const user: SeededUser = await sidecar.seed.user();
  const key = await sidecar.seed.key(user, { type: 1 });
  const confined = { path: keysOf(user), method: 'POST', body: { description: next(), reference: 'r' } };
  const own = attributesOf((await ask(confined)).json);
  const claim = attributesOf((await ask(claimOf({}))).json);
  const other = attributesOf((await ask(claimOf({}))).json);
  return { user, key, own, claim, other };
}

const claimOf = (wish: object): Sent => ({
  ...{ method: 'POST', path: claimsPath, body: { node_ids: [node.id], count: 1, ...wish } },
});

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** What each feature of the table is tried with. */
const features: Readonly<Record<string, (prepared: Prepared) => Sent>> = {
  "a user's keys: list": ({ user }) => ({ path: keysOf(user) }),
  'a key: create': ({ user }) => ({ method: 'POST', path: keysOf(user), body: { description: next() } }),
  'a key: revoke': ({ user, key }) => ({ method: 'DELETE', path: `${keysOf(user)}/${key.identifier}` }),
  "a node's free ports: list": () => ({ path: freeOn(node) }),
  'free ports of many nodes, by room': () => ({ path: '/api/application/allocations/free?memory=1&disk=1' }),
  'keys of all users: search': () => ({ path: '/api/application/api-keys' }),
  'a key: change, disable, enable': ({ user, own }) => ({
    ...{ method: 'PATCH', path: `${keysOf(user)}/${own.identifier}` },
    body: { description: next(), reference: next() },
  }),
  'a key: rotate': ({ user, own }) => ({
    ...{ method: 'POST', path: `${keysOf(user)}/${own.identifier}/rotate`, body: { grace_seconds: 60 } },
  }),
  'Idempotency-Key': ({ user }) => ({
    ...{ method: 'POST', path: keysOf(user), body: { description: next() } },
    headers: { 'idempotency-key': next() },
  }),
  'ports: claim': () => claimOf({ memory: 1, disk: 1 }),
  'a claim: extend': ({ claim }) => ({
    ...{ method: 'POST', path: `${claimsPath}/${claim.id}/extend`, body: { ttl_seconds: 600 } },
  }),
  'a claim: release': ({ other }) => ({ method: 'DELETE', path: `${claimsPath}/${other.id}` }),
};

/** The features that fail now. */
async function failing(prepared: Prepared): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, request] of Object.entries(features)) {
    if ((await ask(request(prepared))).status >= 500) failed.push(name);
  }
  return failed;
}

/** Whether a service starts that may do what the account may do now. */
async function startFails(): Promise<boolean> {
  const started = await startService(sidecar.panel.folder).catch(() => null);
  await started?.stop();
  return started === null;
}

/** Whether a claim that ended long ago stays for ever. */
async function housekeepingFails(): Promise<boolean> {
  const { id } = attributesOf((await ask(claimOf({}))).json);
  await sidecar.panel.execute(
    `update sidecar_claims set expires_at = 1, outcome = 'expired' where id = '${id}'`,
  );
  const failures = () => sidecar.service.log.filter((line) => line.includes('housekeeping failed')).length;
  const before = failures();
  const isThere = async () =>
    (await sidecar.panel.query(`select 1 from sidecar_claims where id = '${id}'`)).length > 0;
  await until(async () => failures() > before || !(await isThere()));
  return isThere();
}

/** Takes a right away while `work` is done. */
async function without<Result>(
  { table, privileges }: PrintedRight,
  work: () => Promise<Result>,
): Promise<Result> {
  const { database, account } = place;
  await sidecar.panel.execute(`revoke ${privileges} on ${database}.${table} from ${account}`);
  try {
    return await work();
  } finally {
    await sidecar.panel.execute(`grant ${privileges} on ${database}.${table} to ${account}`);
  }
}

const rights = printedRights(
  printedStatements('pterodactyl', 'mysql') + printedStatements('pterodactyl', 'mysql', 'own tables'),
  pterodactyl.on,
);
const [usual = '', onMysql = ''] = sectionOf(readDocument('SECURITY.md'), 'Rights by feature').split(
  /^(?=On MySQL besides)/m,
);
const table = [...tableRows(usual), ...(pterodactyl.on === 'mysql' ? tableRows(onMysql) : [])];
/** The rights of each feature. */
const listed = new Map(
  [...Map.groupBy(table, ([feature = '']) => feature)].map(([feature, rows]) => [
    feature,
    rows.flatMap(([, cell = '']) => labelsOf(cell)),
  ]),
);
const rowsWith = (label: string) =>
  [...listed].filter(([, labels]) => labels.includes(label)).map(([feature]) => feature);

describe(`rights on ${pterodactyl}`, () => {
  test('the table names every right that is printed, and no other', () => {
    expect([...new Set([...listed.values()].flat())].sort()).toEqual(rights.map(({ label }) => label).sort());
    const others = ['every request', 'the start', 'housekeeping', 'webhooks'];
    expect([...listed.keys()].sort()).toEqual([...Object.keys(features), ...others].sort());
  });

  test.each(rights)('without $label, what the table says fails, and nothing else', async (right) => {
    const rows = rowsWith(right.label).filter((row) => row !== 'webhooks');
    const prepared = await prepare();
    const failed = await without(right, () => failing(prepared));
    const all = Object.keys(features);
    expect(failed).toEqual(rows.includes('every request') ? all : all.filter((name) => rows.includes(name)));
    if (rows.includes('the start')) expect(await without(right, startFails)).toBe(true);
    if (rows.includes('housekeeping')) expect(await without(right, housekeepingFails)).toBe(true);
  });

  test('with every right nothing fails', async () => {
    expect(await failing(await prepare())).toEqual([]);
    expect(await housekeepingFails()).toBe(false);
    expect(await startFails()).toBe(false);
  });
});
