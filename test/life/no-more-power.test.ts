import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/client.ts';
import { enforcing, keyOf, type Life, lifeCells, madeKey, startLife } from '../support/life.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';
import type { Row } from '../support/test-database.ts';

/** Addresses, and for each entry that these tests write, those of them that it admits. */
const addresses = ['127.0.0.1', '127.0.0.2', '127.9.9.9', '10.0.0.1', '::1'];
const admitted: Readonly<Record<string, readonly string[]>> = {
  '127.0.0.1': ['127.0.0.1'],
  '127.0.0.0/30': ['127.0.0.1', '127.0.0.2'],
  '127.0.0.0/8': ['127.0.0.1', '127.0.0.2', '127.9.9.9'],
  '0.0.0.0/0': ['127.0.0.1', '127.0.0.2', '127.9.9.9', '10.0.0.1'],
  '10.0.0.1-10.0.0.1': ['10.0.0.1'],
  '::1': ['::1'],
};
const lists = [
  ...[[], ['127.0.0.1'], ['127.0.0.0/30'], ['127.0.0.0/8'], ['127.0.0.1', '::1'], ['0.0.0.0/0']],
  ['10.0.0.1-10.0.0.1'],
];
const ends = [null, '2029-01-01T00:00:00Z', '2030-01-01T00:00:00Z', '2031-01-01T00:00:00Z'];
const scopes = [null, [], ['user.read'], ['server.read', 'server.write'], ['file.read', 'user.read']];
const servers = ['0a1b2c3d', 'ffffffff'];

/** A key as the panel and the own tables have it before anything is tried. */
const seeded = fc.record({
  allowedIps: fc.constantFrom(...lists),
  expiresAt: fc.constantFrom(...ends),
  permissions: fc.option(fc.constantFrom(...scopes.filter((scope) => scope !== null)), {
    freq: 2,
    nil: null,
  }),
  servers: fc.option(fc.subarray(servers), { nil: null }),
  state: fc.constantFrom('live', 'live', 'disabled', 'suspended'),
});
type Seeded = typeof seeded extends fc.Arbitrary<infer Value> ? Value : never;

const fields = {
  allowed_ips: fc.option(fc.constantFrom(...lists), { nil: null }),
  expires_at: fc.constantFrom(...ends),
  expires_in: fc.constantFrom(60, 100_000_000, 500_000_000),
  permissions: fc.constantFrom(...scopes),
  servers: fc.option(fc.subarray(servers), { nil: null }),
};

// One field at a time passes the rules more often than several do.
const settings = fc.oneof(
  ...Object.entries(fields).map(([name, field]) => fc.record({ [name]: field as fc.Arbitrary<unknown> })),
  fc.record(fields, { requiredKeys: [] }),
);

/** One thing to try: by a key the caller holds, on a key of the account, both counted round. */
const attempt = fc.record({
  by: fc.nat({ max: 9 }),
  on: fc.nat({ max: 9 }),
  action: fc.constantFrom(
    'create',
    'create',
    'change',
    'change',
    'rotate',
    'rotate',
    'enable',
    'enable',
    'disable',
    'delete',
    'revoke',
  ),
  settings,
  grace: fc.constantFrom(0, 600, 604_800),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer Value> ? Value : never;

/** What a key may do, each part as a set or a bound. */
interface Power {
  readonly from: ReadonlySet<string>;
  readonly until: number;
  readonly permissions: ReadonlySet<string> | 'all';
  readonly servers: ReadonlySet<string> | 'all';
}

interface Held {
  readonly identifier: string;
  readonly bearer: string;
}

function setOrAll(list: readonly string[] | null): ReadonlySet<string> | 'all' {
  return list === null ? 'all' : new Set(list);
}

function fromAddresses(entries: readonly string[]): ReadonlySet<string> {
  return new Set(entries.length === 0 ? addresses : entries.flatMap((entry) => admitted[entry] ?? addresses));
}

function isWithin(inner: ReadonlySet<string> | 'all', outer: ReadonlySet<string> | 'all'): boolean {
  return outer === 'all' || (inner !== 'all' && [...inner].every((member) => outer.has(member)));
}

/** In which parts a power goes beyond another. */
function beyond(power: Power, bound: Power): readonly string[] {
  return [
    ...(isWithin(power.from, bound.from) ? [] : ['from']),
    ...(power.until <= bound.until ? [] : ['until']),
    ...(isWithin(power.permissions, bound.permissions) ? [] : ['permissions']),
    ...(isWithin(power.servers, bound.servers) ? [] : ['servers']),
  ];
}

const nothing: Power = { from: new Set(), until: 0, permissions: new Set(), servers: new Set() };

/** What a stored key may do; nothing where it is disabled. */
function powerOf(row: Row): Power {
  if (row.disabled_at !== null) return nothing;
  const list = (value: unknown) => (value === null ? null : (JSON.parse(String(value)) as string[]));
  const column =
    row.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(`${row.expires_at}Z`.replace(' ', 'T'));
  return {
    from: fromAddresses(Object.values(list(row.allowed_ips) ?? [])),
    until: row.own_end === null ? column : Number(row.own_end),
    permissions: setOrAll(list(row.permissions)),
    servers: setOrAll(list(row.servers)),
  };
}

describe.each(lifeCells)('no sequence of operations gives more, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, {
      ...enforcing,
      CLIENT_API_UNIQUE_DESCRIPTION: 'false',
      CLIENT_API_MAX_KEYS_PER_USER: '100',
    });
  });
  afterAll(() => life.close());

  async function store(owner: SeededUser, key: Seeded, type = 1): Promise<SeededKey> {
    const { allowedIps, expiresAt, permissions, state } = key;
    const end = expiresAt === null ? null : Date.parse(expiresAt);
    const column = expiresAt?.slice(0, 19).replace('T', ' ') ?? null;
    const made = await life.seed.key(owner, {
      ...{ type, memo: 'before', allowedIps: JSON.stringify(allowedIps) },
      expiresAt: state === 'live' ? column : '1971-01-02 00:00:00',
    });
    if (permissions === null && state === 'live') return made;
    const confined = permissions === null ? null : key.servers;
    await life.panel.execute(
      `insert into sidecar_keys (api_key_id, identifier, permissions, servers, expires_at, disabled_at,
        disabled_by_admin) values (?, ?, ?, ?, ?, ?, ?)`,
      [
        ...[made.id, made.identifier, permissions === null ? null : JSON.stringify(permissions)],
        ...[confined === null ? null : JSON.stringify(confined), end],
        ...[state === 'live' ? null : 1, state === 'suspended' ? 1 : 0],
      ],
    );
    return made;
  }

  async function keysIn(owner: SeededUser): Promise<readonly Row[]> {
    return life.panel.query(
      `select k.identifier, k.allowed_ips, k.expires_at, k.memo, o.permissions, o.servers, o.disabled_at,
          o.disabled_by_admin, o.expires_at as own_end
        from api_keys k left join sidecar_keys o on o.api_key_id = k.id
        where k.user_id = ? and k.key_type = 1 order by k.id`,
      [owner.id],
    );
  }

  async function carryOut(owner: SeededUser, held: Held[], tried: Attempt): Promise<Answer> {
    const by = held[tried.by % held.length]?.bearer ?? '';
    const rows = await keysIn(owner);
    const on = {
      identifier: String(rows[tried.on % Math.max(1, rows.length)]?.identifier ?? 'ptlc_none000000'),
    };
    const ask = (method: string, path: string, body?: unknown) =>
      life.ask({ method, path, key: by, ...(body === undefined ? {} : { body }) });
    const path = keyOf(owner, on);
    switch (tried.action) {
      case 'create':
        return ask('POST', keysOf(owner), { description: 'made', ...tried.settings });
      case 'change':
        return ask('PATCH', path, tried.settings);
      case 'rotate':
        return ask('POST', `${path}/rotate`, { grace_seconds: tried.grace });
      case 'delete':
        return ask('DELETE', path);
      case 'revoke':
        return ask('POST', `${keysOf(owner)}/revoke`, { all: true, except: [on.identifier] });
      default:
        return ask('POST', `${path}/${tried.action}`);
    }
  }

  /**
   * Lets a caller try things, and holds what became of the account's keys against what there was: a key that
   * the caller has in hand may do no more than the caller's own, another key no more than it could before, or no
   * more than that.
   *
   * @returns how many attempts succeeded
   */
  async function check(
    owner: SeededUser,
    caller: SeededKey,
    bound: Power,
    attempts: readonly Attempt[],
  ): Promise<number> {
    const before = new Map((await keysIn(owner)).map((row) => [row.identifier, row]));
    const held: Held[] = [caller];
    let succeeded = 0;
    for (const tried of attempts) {
      const answer = await carryOut(owner, held, tried);
      expect(answer.status).toBeLessThan(500);
      if (answer.status >= 300) continue;
      succeeded += 1;
      if (['create', 'rotate'].includes(tried.action)) held.push(madeKey(answer));
    }
    const inHand = new Set<string>(held.map(({ identifier }) => identifier));
    for (const row of await keysIn(owner)) {
      const was = before.get(row.identifier);
      const power = powerOf(row);
      const gained = beyond(power, bound);
      const isAsItWas = was !== undefined && beyond(power, powerOf(was)).length === 0;
      if (inHand.has(String(row.identifier)) || !isAsItWas) expect(gained).toEqual([]);
      if (was?.disabled_at !== null && was?.disabled_by_admin === 1) expect(row.disabled_at).not.toBeNull();
    }
    return succeeded;
  }

  const reachable = lists.filter((list) => fromAddresses(list).has('127.0.0.1'));
  const attempts = fc.array(attempt, { minLength: 4, maxLength: 12 });
  const limits = { numRuns: 30, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true };

  it('by an account key on its own account, in time and addresses', async () => {
    let succeeded = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...reachable),
        fc.constantFrom(...ends),
        fc.array(seeded, { maxLength: 4 }),
        attempts,
        async (allowedIps, expiresAt, others, tries) => {
          const owner = await life.seed.user();
          const caller = await store(owner, {
            allowedIps,
            expiresAt,
            permissions: null,
            servers: null,
            state: 'live',
          });
          for (const other of others) await store(owner, other);
          const bound: Power = {
            ...{ from: fromAddresses(allowedIps), permissions: 'all', servers: 'all' },
            until: expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt),
          };
          succeeded += await check(owner, caller, bound, tries);
        },
      ),
      limits,
    );
    expect(succeeded).toBeGreaterThan(40);
  }, 60_000);

  it('by an application key with an end, in time', async () => {
    let succeeded = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ends),
        fc.array(seeded, { maxLength: 4 }),
        attempts,
        async (expiresAt, others, tries) => {
          const owner = await life.seed.user();
          const live = { permissions: null, servers: null, state: 'live' } as const;
          const caller = await store(life.admin, { allowedIps: [], expiresAt, ...live }, 2);
          for (const other of others) await store(owner, other);
          const until = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
          const bound: Power = { from: new Set(addresses), permissions: 'all', servers: 'all', until };
          // Whoever writes users may wake what was suspended.
          await life.panel.execute('update sidecar_keys set disabled_by_admin = 0');
          succeeded += await check(owner, caller, bound, tries);
        },
      ),
      limits,
    );
    expect(succeeded).toBeGreaterThan(40);
  }, 60_000);

  it('by a key with scopes, in anything: it changes nothing at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...scopes.filter((scope) => scope !== null)),
        fc.boolean(),
        fc.array(seeded, { maxLength: 3 }),
        attempts,
        async (permissions, admin, others, tries) => {
          const owner = await life.seed.user({ admin });
          const scope = { permissions, servers: null, state: 'live' } as const;
          const caller = await store(owner, { allowedIps: [], expiresAt: null, ...scope });
          for (const other of others) await store(owner, other);
          const before = await keysIn(owner);
          for (const tried of tries) expect((await carryOut(owner, [caller], tried)).status).toBe(403);
          expect(await keysIn(owner)).toEqual(before);
        },
      ),
      { ...limits, numRuns: 20 },
    );
  }, 60_000);
});
