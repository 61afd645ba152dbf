import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enforcing, type Life, lifeCells, madeKey, makeKey, startLife } from '../support/life.ts';
import type { RunningService } from '../support/service.ts';
import { creationsOn } from './creations.ts';

const notEnforced = (field: string) =>
  `The ${field} cannot be set: scopes are not enforced here (scopes.enforce), so they would not hold.`;

describe.each(lifeCells)('scopes of a new key, %s', (cell) => {
  let life: Life;
  /** The same panel, where scopes are not enforced. */
  let lax: RunningService;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    lax = await life.start();
  });
  afterAll(() => life.close());

  const { create, brokenRules } = creationsOn(() => life);

  describe('permissions', () => {
    it.each([
      ['a list of names', ['user.read', 'server.write'], ['user.read', 'server.write']],
      ['an empty list, which allows nothing', [], []],
      ['null, from who may write users: not confined', null, undefined],
      ['absent: the defaults', undefined, ['user.read', 'server.read']],
    ])('%s', async (_, permissions, shown) => {
      const { answer } = await create({
        description: 'x',
        ...(permissions === undefined ? {} : { permissions }),
      });
      expect(madeKey(answer).attributes.permissions).toEqual(shown);
    });

    it('null from anybody else means the defaults', async () => {
      const owner = await life.seed.user();
      const own = await life.seed.key(owner, { type: 1 });
      const { attributes } = await makeKey(
        life,
        owner,
        { description: 'x', permissions: null },
        { key: own.bearer },
      );
      expect(attributes.permissions).toEqual(['user.read', 'server.read']);
      const chosen = await makeKey(
        life,
        owner,
        { description: 'y', permissions: ['file.read'] },
        { key: own.bearer },
      );
      expect(chosen.attributes.permissions).toEqual(['file.read']);
    });

    it.each([
      [['user.read', 'nope'], 'permissions.1', 'in', 'The selected permissions.1 is invalid.'],
      [['USER.READ'], 'permissions.0', 'in', 'The selected permissions.0 is invalid.'],
      [['*'], 'permissions.0', 'in', 'The selected permissions.0 is invalid.'],
      [[null], 'permissions.0', 'in', 'The selected permissions.0 is invalid.'],
      [['user.read', 'user.read'], 'permissions', 'distinct', 'The permissions field has a duplicate value.'],
      ['user.read', 'permissions', 'array', 'The permissions must be an array.'],
      [{ a: 'user.read' }, 'permissions', 'array', 'The permissions must be an array.'],
      [true, 'permissions', 'array', 'The permissions must be an array.'],
    ])('%j is 422', async (permissions, field, rule, detail) => {
      expect(await brokenRules({ description: 'x', permissions })).toEqual([[field, rule, detail]]);
    });

    it('cannot be set where nothing enforces them, and the defaults do nothing there', async () => {
      expect(await brokenRules({ description: 'x', permissions: ['user.read'] }, lax.url)).toEqual([
        ['permissions', 'enforced', notEnforced('permissions')],
      ]);
      expect(await brokenRules({ description: 'x', permissions: [], servers: [] }, lax.url)).toEqual([
        ['permissions', 'enforced', notEnforced('permissions')],
      ]);
      expect(await brokenRules({ description: 'x', servers: ['0a1b2c3d'] }, lax.url)).toEqual([
        ['servers', 'enforced', notEnforced('servers')],
      ]);
      const { answer } = await create({ description: 'x', permissions: null }, lax.url);
      expect(madeKey(answer).attributes.permissions).toBeUndefined();
    });
  });

  describe('servers', () => {
    it('need permissions', async () => {
      const detail = 'The servers need permissions: a key without any is not confined.';
      expect(await brokenRules({ description: 'x', permissions: null, servers: ['0a1b2c3d'] })).toEqual([
        ['servers', 'required_with', detail],
      ]);
    });

    it('without a word on permissions go with the defaults', async () => {
      const { answer } = await create({ description: 'x', servers: ['0a1b2c3d'] });
      expect(madeKey(answer).attributes).toMatchObject({
        ...{ permissions: ['user.read', 'server.read'], servers: ['0a1b2c3d'] },
      });
    });

    it('null is all, an empty list none', async () => {
      const all = await create({ description: 'x', permissions: ['user.read'], servers: null });
      expect(madeKey(all.answer).attributes).not.toHaveProperty('servers');
      const none = await create({ description: 'x', permissions: ['user.read'], servers: [] });
      expect(madeKey(none.answer).attributes.servers).toEqual([]);
    });

    it.each([
      [['0a1b2c3'], 'servers.0', 'regex', 'The servers.0 format is invalid.'],
      [['0a1b2c3d', '0a1b2c3dx'], 'servers.1', 'regex', 'The servers.1 format is invalid.'],
      [['0a1b2c3g'], 'servers.0', 'regex', 'The servers.0 format is invalid.'],
      [[12345678], 'servers.0', 'string', 'The servers.0 must be a string.'],
      [['0a1b2c3d', '0a1b2c3d'], 'servers', 'distinct', 'The servers field has a duplicate value.'],
      ['0a1b2c3d', 'servers', 'array', 'The servers must be an array.'],
    ])('%j is 422', async (servers, field, rule, detail) => {
      expect(await brokenRules({ description: 'x', permissions: [], servers })).toEqual([
        [field, rule, detail],
      ]);
    });
  });

  it('servers are at most a hundred', async () => {
    const servers = Array.from({ length: 101 }, (_, index) => index.toString(16).padStart(8, '0'));
    expect(await brokenRules({ description: 'x', permissions: [], servers })).toEqual([
      ['servers', 'max', 'The servers may not have more than 100 items.'],
    ]);
    const { answer } = await create({ description: 'x', permissions: [], servers: servers.slice(1) });
    expect(madeKey(answer).attributes.servers).toEqual(servers.slice(1));
  });
});
