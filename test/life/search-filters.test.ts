import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertRows } from '../support/insert-rows.ts';
import { type Life, lifeCells, listedKeys, startLife } from '../support/life.ts';
import type { SeededUser } from '../support/seed.ts';

/** Moments at which things happen to the keys, so that filters often hit one exactly. */
const moments = [
  '2025-03-01T00:00:00Z',
  '2026-01-02T03:04:05Z',
  '2026-06-01T12:00:00Z',
  '2030-01-01T00:00:00Z',
];
const descriptions = ['Billing', 'billing 100%', 'a_b', 'A!B', 'back\\slash', "it's", 'x'];
const references = ['r1', 'R1', 'order 7', '100%'];
const permissions = ['user.read', 'server.read', 'server.write', 'database.view_password', 'file.read'];
const unrestricted = [null, '', '[]', '{}'];
const restricted = ['["::1"]', '{"a":"10.0.0.0\\/8"}'];

/** A key as the two tables have it. */
interface Stored {
  readonly owner: number;
  readonly memo: string | null;
  readonly allowedIps: string | null;
  readonly lastUsedAt: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly own: {
    readonly permissions: readonly string[] | null;
    readonly reference: string | null;
    readonly exactEnd: string | null;
    readonly disabled: boolean;
    /** Left by a deleted key whose id this one got: says nothing of it. */
    readonly stale: boolean;
  } | null;
}

const orNull = <Value>(values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: null });

const storedKey: fc.Arbitrary<Stored> = fc.record({
  owner: fc.nat({ max: 4 }),
  memo: orNull(descriptions),
  allowedIps: fc.constantFrom(...unrestricted, ...restricted),
  lastUsedAt: orNull(moments),
  createdAt: fc.constantFrom(...moments),
  expiresAt: orNull(moments),
  own: fc.option(
    fc.record({
      permissions: fc.option(fc.subarray(permissions), { nil: null }),
      reference: orNull(references),
      exactEnd: orNull(moments),
      disabled: fc.boolean(),
      stale: fc.boolean(),
    }),
    { nil: null },
  ),
});

const filter = fc.record(
  {
    user: fc.nat({ max: 4 }),
    description: fc.constantFrom('billing', 'BILL', '%', '_', 'a_b', '!', '\\', "'", 'x', 'nothing like it'),
    reference: fc.constantFrom(...references, 'r', 'ORDER 7'),
    disabled: fc.boolean(),
    unused_since: fc.constantFrom(...moments, '2026-01-02T03:04:06Z'),
    never_used: fc.boolean(),
    expires_before: fc.constantFrom(...moments, '2030-01-01T00:00:01Z', '2025-02-28T23:59:59Z'),
    expired: fc.boolean(),
    has_ip_restriction: fc.boolean(),
    permission: fc.constantFrom(...permissions, 'file.update'),
    owner_is_admin: fc.boolean(),
  },
  { requiredKeys: [] },
);
type Filter = typeof filter extends fc.Arbitrary<infer Value> ? Value : never;

/** Whether the search is to answer with a key, by the words of its filters; one that is not given picks all. */
function matches(key: Stored, wanted: Partial<Filter>, admins: ReadonlySet<number>, now: number): boolean {
  const own = key.own?.stale ? null : key.own;
  const disabled = own?.disabled ?? false;
  const end = own?.exactEnd ?? (disabled ? null : key.expiresAt);
  const used = Date.parse(key.lastUsedAt ?? key.createdAt);
  const memo = (key.memo ?? '').toLowerCase();
  const holds: { readonly [Name in keyof Filter]-?: (value: NonNullable<Filter[Name]>) => boolean } = {
    user: (user) => key.owner === user,
    description: (part) => memo.includes(part.toLowerCase()),
    reference: (reference) => own?.reference === reference,
    disabled: (value) => disabled === value,
    unused_since: (text) => used < Date.parse(text),
    never_used: (value) => (key.lastUsedAt === null) === value,
    expires_before: (text) => end !== null && Date.parse(end) <= Date.parse(text),
    expired: (value) => (end !== null && Date.parse(end) <= now) === value,
    has_ip_restriction: (value) => restricted.includes(key.allowedIps ?? '') === value,
    permission: (name) => own?.permissions?.includes(name) === true,
    owner_is_admin: (value) => admins.has(key.owner) === value,
  };
  return (Object.keys(wanted) as (keyof Filter)[]).every((name) =>
    (holds[name] as (value: unknown) => boolean)(wanted[name]),
  );
}

describe.each(lifeCells)('filters of the search, %s', (cell) => {
  let life: Life;
  const owners: SeededUser[] = [];
  const admins = new Set([0, 3]);
  beforeAll(async () => {
    life = await startLife(cell, { CLIENT_API_ALLOW_ADMIN_TARGETS: 'true' });
    for (let index = 0; index < 5; index += 1)
      owners.push(await life.seed.user({ admin: admins.has(index) }));
  });
  afterAll(() => life.close());

  const column = (text: string | null) => text?.slice(0, 19).replace('T', ' ') ?? null;
  let batch = 0;

  /** Puts keys into an empty panel and answers with their identifiers, in the order of the keys. */
  async function store(keys: readonly Stored[]): Promise<readonly string[]> {
    await life.panel.execute('delete from sidecar_keys');
    await life.panel.execute('delete from api_keys where key_type = 1');
    batch += 1;
    const names = keys.map((_, index) => `ptlc_${`${batch}x${index}`.padStart(11, '0')}`);
    await insertRows(
      life.panel,
      'api_keys',
      keys.map((key, index) => ({
        ...{
          user_id: owners[key.owner]?.id ?? 0,
          key_type: 1,
          identifier: names[index] ?? '',
          token: 'none',
        },
        ...{
          memo: key.memo,
          allowed_ips: key.allowedIps ?? life.panel.traits.unrestricted,
          last_used_at: column(key.lastUsedAt),
        },
        // Of a disabled key the panel is told that it ended long ago.
        expires_at: key.own?.disabled && !key.own.stale ? '1971-01-02 00:00:00' : column(key.expiresAt),
        ...{ created_at: column(key.createdAt), updated_at: column(key.createdAt) },
      })),
    );
    const rows = await life.panel.query('select id, identifier from api_keys where key_type = 1');
    const ids = new Map(rows.map(({ id, identifier }) => [identifier, id]));
    const own = keys.flatMap((key, index) => {
      if (key.own === null) return [];
      const { permissions: scope, reference, exactEnd, disabled, stale } = key.own;
      return {
        api_key_id: Number(ids.get(names[index] ?? '')),
        identifier: stale ? 'ptlc_Gone0000001' : (names[index] ?? ''),
        ...{ permissions: scope === null ? null : JSON.stringify(scope), reference },
        ...{ expires_at: exactEnd === null ? null : Date.parse(exactEnd), disabled_at: disabled ? 1 : null },
      };
    });
    if (own.length > 0) await insertRows(life.panel, 'sidecar_keys', own);
    return names;
  }

  async function found(wanted: Partial<Filter>): Promise<readonly string[]> {
    const query = Object.entries(wanted).map(([name, value]) => {
      const text = name === 'user' ? owners[Number(value)]?.id : value;
      return `filter[${name}]=${encodeURIComponent(String(text))}`;
    });
    const path = `/api/application/api-keys?per_page=100&${query.join('&')}`;
    return listedKeys(await life.ask({ path })).map(({ identifier }) => identifier);
  }

  it('pick what a plain reading of them picks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(storedKey, { minLength: 20, maxLength: 60 }),
        fc.array(filter, { minLength: 10, maxLength: 20 }),
        async (keys, filters) => {
          const names = await store(keys);
          for (const wanted of filters) {
            const now = Date.now();
            const expected = names.filter((_, index) => {
              const key = keys[index];
              return key !== undefined && matches(key, wanted, admins, now);
            });
            expect(await found(wanted), JSON.stringify(wanted)).toEqual(expected.toReversed());
          }
        },
      ),
      { numRuns: 12, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    );
  }, 90_000);

  it('each picks some keys and leaves others', async () => {
    const plain: Stored = {
      ...{ owner: 1, memo: 'x', allowedIps: null, lastUsedAt: null, createdAt: '2030-01-01T00:00:00Z' },
      ...{ expiresAt: null, own: null },
    };
    const special: Stored = {
      ...{ owner: 0, memo: 'billing', allowedIps: '["::1"]', lastUsedAt: moments[0] ?? '' },
      ...{ createdAt: moments[0] ?? '', expiresAt: moments[0] ?? '' },
      own: {
        ...{ permissions: ['user.read'], reference: 'r1', exactEnd: moments[0] ?? '' },
        ...{ disabled: true, stale: false },
      },
    };
    const [, name] = await store([plain, special]);
    const each: Required<Filter> = {
      ...{ user: 0, description: 'billing', reference: 'r1', disabled: true, unused_since: moments[1] ?? '' },
      ...{ never_used: false, expires_before: moments[0] ?? '', expired: true, has_ip_restriction: true },
      ...{ permission: 'user.read', owner_is_admin: true },
    };
    for (const [filterName, value] of Object.entries(each)) {
      expect(await found({ [filterName]: value }), filterName).toEqual([name]);
    }
    expect(await found(each)).toEqual([name]);
  });

  it('the row that a deleted key has left says nothing of the key that has its id now', async () => {
    const [name] = await store([
      {
        ...{ owner: 1, memo: 'x', allowedIps: null, lastUsedAt: null, createdAt: moments[0] ?? '' },
        expiresAt: null,
        own: {
          ...{ permissions: ['user.read'], reference: 'r1', exactEnd: moments[0] ?? '' },
          ...{ disabled: true, stale: true },
        },
      },
    ]);
    const of: readonly Partial<Filter>[] = [
      ...[{ disabled: true }, { expired: true }, { expires_before: moments[1] ?? '' }],
      ...[{ reference: 'r1' }, { permission: 'user.read' }],
    ];
    for (const wanted of of) expect(await found(wanted), JSON.stringify(wanted)).toEqual([]);
    expect(await found({ disabled: false, expired: false })).toEqual([name]);
  });
});
