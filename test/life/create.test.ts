import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMysqlLike } from '../support/cells.ts';
import { errorsOf, refusalOf, send } from '../support/client.ts';
import { enforcing, type Life, lifeCells, madeKey, makeKey, recordedOf, startLife } from '../support/life.ts';
import { accountKeysOf } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf } from '../support/sidecar.ts';
import { creationsOn } from './creations.ts';

const plainAttributes = ['identifier', 'description', 'allowed_ips', 'last_used_at', 'created_at'];

describe.each(lifeCells)('fields of a new key, %s', (cell) => {
  let life: Life;
  /** The same panel, where scopes are not enforced. */
  let lax: RunningService;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    lax = await life.start();
  });
  afterAll(() => life.close());

  const { create, brokenRules } = creationsOn(() => life);

  it('a key without any shows nothing but what it always did', async () => {
    const { owner, answer } = await create({ description: 'plain' }, lax.url);
    expect(Object.keys(madeKey(answer).attributes)).toEqual(plainAttributes);
    const [row] = await accountKeysOf(life.panel, owner);
    expect(row?.expires_at).toBeNull();
    expect(await life.panel.query('select * from sidecar_keys where api_key_id = ?', [row?.id ?? 0])).toEqual(
      [],
    );
    const listed = await life.ask({ path: keysOf(owner) });
    const [shown] = (listed.json as { data: { attributes: object }[] }).data;
    expect(Object.keys(shown?.attributes ?? {})).toEqual(plainAttributes);
  });

  it('all of them come back, and stand in the own row', async () => {
    const body = {
      ...{ description: 'all', allowed_ips: ['192.0.2.1'], expires_at: '2031-02-03T04:05:06.789Z' },
      ...{ permissions: ['server.read', 'control.console'], servers: ['0A1B2C3D', '0a1b2c3d', 'ffffffff'] },
      reference: '  order ☕ 7 ',
    };
    const { owner, answer } = await create(body);
    const { attributes } = madeKey(answer);
    expect(JSON.stringify({ ...attributes, identifier: 'i', created_at: 'c' })).toBe(
      JSON.stringify({
        ...{ identifier: 'i', description: 'all', allowed_ips: ['192.0.2.1'], last_used_at: null },
        ...{ created_at: 'c', expires_at: '2031-02-03T04:05:06+00:00' },
        ...{ permissions: ['server.read', 'control.console'], servers: ['0a1b2c3d', 'ffffffff'] },
        reference: 'order ☕ 7',
      }),
    );
    const [row] = await accountKeysOf(life.panel, owner);
    expect(row?.expires_at).toBe('2031-02-03 04:05:06');
    expect(await life.panel.query('select * from sidecar_keys where api_key_id = ?', [row?.id ?? 0])).toEqual(
      [
        {
          ...{ api_key_id: row?.id, identifier: attributes.identifier },
          ...{ permissions: '["server.read","control.console"]', servers: '["0a1b2c3d","ffffffff"]' },
          ...{ reference: 'order ☕ 7', expires_at: Date.parse('2031-02-03T04:05:06.789Z') },
          ...{ disabled_at: null, disabled_by_admin: 0, rotated_from: null, rotated_to: null },
        },
      ],
    );
    expect(await recordedOf(life.panel, 'user:api-key.create', attributes)).toMatchObject([
      {
        properties: {
          identifier: attributes.identifier,
          permissions: ['server.read', 'control.console'],
          servers: ['0a1b2c3d', 'ffffffff'],
        },
        subjects: [`user ${owner.id}`, `api_key ${row?.id}`],
      },
    ]);
  });

  it('fields that say nothing are shown to who asks for them, in one order', async () => {
    const owner = await life.seed.user();
    const path = `${keysOf(owner)}?fields=rotated_from,%20disabled,user_id,reference`;
    const { attributes } = madeKey(
      await send(lax.url, { method: 'POST', path, key: life.key.bearer, body: { description: 'asked' } }),
    );
    expect(Object.entries(attributes).slice(plainAttributes.length)).toEqual([
      ...[['user_id', owner.id] as const, ['disabled', false] as const],
      ...[['reference', null] as const, ['rotated_from', null] as const],
    ]);
  });

  it.each(['nope', 'expires_at,nope', 'expires_at,', 'EXPIRES_AT', ','])(
    'fields=%s is 422, and makes nothing',
    async (fields) => {
      const owner = await life.seed.user();
      const path = `${keysOf(owner)}?fields=${fields}`;
      const answer = await life.ask({ method: 'POST', path, body: { description: 'x' } });
      const detail =
        'The selected fields is invalid: known are user_id, expires_at, disabled, permissions, servers, reference, rotated_from.';
      expect(errorsOf(answer)).toEqual([
        {
          ...{ code: 'ValidationException', status: '422', detail },
          meta: { source_field: 'fields', rule: 'in' },
        },
      ]);
      expect(await accountKeysOf(life.panel, owner)).toEqual([]);
    },
  );

  describe('an end', () => {
    it.each([
      ['2031-02-03', '2031-02-03T00:00:00+00:00'],
      ['2031-02-03T04:05', '2031-02-03T04:05:00+00:00'],
      ['2031-02-03T04:05:06', '2031-02-03T04:05:06+00:00'],
      ['2031-02-03T04:05:06Z', '2031-02-03T04:05:06+00:00'],
      ['2031-02-03T04:05:06.999999Z', '2031-02-03T04:05:06+00:00'],
      ['2031-02-03T04:05:06-05:30', '2031-02-03T09:35:06+00:00'],
    ])('is read from %s', async (expires_at, shown) => {
      const { answer } = await create({ description: 'end', expires_at }, lax.url);
      expect(madeKey(answer).attributes.expires_at).toBe(shown);
    });

    it.each([
      ...['tomorrow', '2031-02-30', '2031-13-01', '2031-02-03 04:05:06', '04:05:06', '2031', '2031-W07'],
      ...['1901234567', '+012031-02-03', '-002031-02-03', '0000-01-01', '2031-02-03T25:00:00Z'],
    ])('%s is no date', async (expires_at) => {
      expect(await brokenRules({ description: 'x', expires_at })).toEqual([
        ['expires_at', 'date', 'The expires at is not a valid date.'],
      ]);
    });

    it.each(['2020-01-01T00:00:00Z', '0001-01-01', new Date(Date.now() - 1000).toISOString()])(
      '%s is past',
      async (expires_at) => {
        expect(await brokenRules({ description: 'x', expires_at })).toEqual([
          ['expires_at', 'after', 'The expires at must be a date after now.'],
        ]);
      },
    );

    it.each([[1901234567], [true], [['2031-02-03']]])('%j is no text', async (expires_at) => {
      expect(await brokenRules({ description: 'x', expires_at })).toEqual([
        ['expires_at', 'string', 'The expires at must be a string.'],
      ]);
    });

    it('is null for never', async () => {
      const { answer } = await create({ description: 'x', expires_at: null }, lax.url);
      expect(Object.keys(madeKey(answer).attributes)).toEqual(plainAttributes);
    });

    it('may be as late as the database can hold', async () => {
      const latest = '2038-01-18T00:00:00Z';
      const isBounded = isMysqlLike(cell);
      const { owner, answer } = await create({ description: 'last', expires_at: latest }, lax.url);
      expect(madeKey(answer).attributes.expires_at).toBe('2038-01-18T00:00:00+00:00');
      expect((await accountKeysOf(life.panel, owner))[0]?.expires_at).toBe('2038-01-18 00:00:00');
      const tooLate = await create({ description: 'x', expires_at: '2038-01-18T00:00:01Z' }, lax.url);
      const farTooLate = await create({ description: 'x', expires_at: '9999-12-31T23:59:59Z' }, lax.url);
      const seconds = await create({ description: 'x', expires_in: 3_153_600_000 }, lax.url);
      if (isBounded) {
        for (const [{ answer: refused }, field] of [
          [tooLate, 'expires at'],
          [farTooLate, 'expires at'],
          [seconds, 'expires in'],
        ] as const) {
          expect(errorsOf(refused)).toEqual([
            {
              ...{ code: 'ValidationException', status: '422' },
              detail: `The ${field} may not be after 2038-01-18T00:00:00.000Z.`,
              meta: { source_field: field.replace(' ', '_'), rule: 'before_or_equal' },
            },
          ]);
        }
      } else {
        expect(madeKey(farTooLate.answer).attributes.expires_at).toBe('9999-12-31T23:59:59+00:00');
        expect(tooLate.answer.status).toBe(200);
        expect(seconds.answer.status).toBe(200);
      }
    });

    it.each([60, '60', '+60'])('in %j seconds', async (expires_in) => {
      const before = Date.now();
      const { owner, answer } = await create({ description: 'x', expires_in }, lax.url);
      const after = Date.now();
      const [row] = await accountKeysOf(life.panel, owner);
      const [own] = await life.panel.query('select * from sidecar_keys where api_key_id = ?', [row?.id ?? 0]);
      expect(Number(own?.expires_at)).toBeGreaterThanOrEqual(before + 60_000);
      expect(Number(own?.expires_at)).toBeLessThanOrEqual(after + 60_000);
      const shown = Date.parse(String(madeKey(answer).attributes.expires_at));
      expect(shown).toBe(Math.floor(Number(own?.expires_at) / 1000) * 1000);
    });

    it.each([
      [0, 'min', 'The expires in must be at least 1.'],
      ['-5', 'min', 'The expires in must be at least 1.'],
      [3_153_600_001, 'max', 'The expires in may not be greater than 3153600000.'],
      [1.5, 'integer', 'The expires in must be an integer.'],
      ['1.0', 'integer', 'The expires in must be an integer.'],
      ['soon', 'integer', 'The expires in must be an integer.'],
      [[60], 'integer', 'The expires in must be an integer.'],
    ])('in %j seconds is 422', async (expires_in, rule, detail) => {
      expect(await brokenRules({ description: 'x', expires_in })).toEqual([['expires_in', rule, detail]]);
    });

    it('is given in one way, not in both', async () => {
      const prohibited = 'The expires in field is prohibited when expires at is present.';
      for (const expires_at of ['2031-02-03', null, 'nonsense']) {
        expect(await brokenRules({ description: 'x', expires_at, expires_in: 60 })).toEqual([
          ['expires_in', 'prohibited', prohibited],
        ]);
      }
    });
  });

  it('reads forms as it reads JSON', async () => {
    const owner = await life.seed.user();
    const body =
      'description=form&expires_in=3600&permissions[]=user.read&permissions[]=file.read&servers[]=0A1B2C3D&reference=r';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await life.ask({ method: 'POST', path: keysOf(owner), body, headers });
    expect(madeKey(answer).attributes).toMatchObject({
      ...{ description: 'form', permissions: ['user.read', 'file.read'], servers: ['0a1b2c3d'] },
      reference: 'r',
    });
  });

  describe('a reference', () => {
    it.each(['x', '7'.repeat(191), '😀'.repeat(191), "'; drop table sidecar_keys; --", 'Ünïcode ☕'])(
      'is kept: %s',
      async (reference) => {
        const { answer } = await create({ description: 'x', reference }, lax.url);
        expect(madeKey(answer).attributes.reference).toBe(reference);
      },
    );

    it.each([
      ['7'.repeat(192), 'max', 'The reference may not be greater than 191 characters.'],
      [7, 'string', 'The reference must be a string.'],
      [['7'], 'string', 'The reference must be a string.'],
    ])('%j is 422', async (reference, rule, detail) => {
      expect(await brokenRules({ description: 'x', reference })).toEqual([['reference', rule, detail]]);
    });
  });

  it('tells of everything that is wrong, in the order of the fields', async () => {
    const body = {
      ...{ reference: 7, servers: 'x', permissions: ['x'], expires_in: 0, expires_at: 1, allowed_ips: 'x' },
      description: '',
    };
    const fields = (await brokenRules(body)).map(([field, rule]) => `${field} ${rule}`);
    expect(fields).toEqual([
      ...['description required', 'allowed_ips array', 'expires_at string', 'expires_in min'],
      ...['permissions.0 in', 'servers array', 'reference string'],
    ]);
  });

  it('is taken for a description that the user has, or beyond the limit, as ever', async () => {
    const owner = await life.seed.user();
    const more = { permissions: ['user.read'], reference: 'r' };
    for (const description of ['1', '2', '3', '4', '5']) await makeKey(life, owner, { description, ...more });
    const again = await create({ description: '3', ...more }, life.service.url, owner);
    expect(errorsOf(again.answer)).toMatchObject([{ meta: { source_field: 'description', rule: 'unique' } }]);
    const sixth = await create({ description: '6', ...more }, life.service.url, owner);
    expect(refusalOf(sixth.answer)).toBe(
      '400 DisplayException: This user has reached the limit of 5 API keys.',
    );
    expect(await accountKeysOf(life.panel, owner)).toHaveLength(5);
  });
});
