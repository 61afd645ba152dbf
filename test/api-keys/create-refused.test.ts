import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { errorsOf } from '../support/client.ts';
import { accountKeysOf, activities, type SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(async () => {
    // None of the refused requests left anything behind, in the audit neither.
    expect(await activities(sidecar.panel, 'true')).toEqual([]);
    await sidecar.close();
  });

  async function errorsFor(body: unknown) {
    const owner = await sidecar.seed.user();
    const answer = await sidecar.send({ method: 'POST', path: keysOf(owner), key: key.bearer, body });
    expect(await accountKeysOf(sidecar.panel, owner)).toEqual([]);
    expect(answer.status).toBe(422);
    return errorsOf(answer);
  }

  it.each<[string, unknown, string]>([
    ['no description', {}, 'required'],
    ['a null one', { description: null }, 'required'],
    ['an empty one', { description: '' }, 'required'],
    ['a blank one', { description: ' \t\u00a0\u3000 ' }, 'required'],
    ['an invisible one', { description: '\u200b\u2060\u00ad' }, 'required'],
    ['a number', { description: 5 }, 'string'],
    ['a truth value', { description: true }, 'string'],
    ['a list', { description: ['x'] }, 'string'],
    ['a map', { description: { toString: 'x' } }, 'string'],
    ['501 characters', { description: 'x'.repeat(501) }, 'max'],
    ['501 characters of two UTF-16 units each', { description: '😀'.repeat(501) }, 'max'],
  ])('refuses %s for a description', async (_, body, rule) => {
    const errors = await errorsFor(body);
    expect(errors.map(({ meta }) => meta)).toEqual([{ source_field: 'description', rule }]);
  });

  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, '::1']));

  it.each<[unknown, string, string]>([
    ['192.0.2.7', 'allowed_ips', 'array'],
    [5, 'allowed_ips', 'array'],
    [true, 'allowed_ips', 'array'],
    [Array(51).fill('192.0.2.7'), 'allowed_ips', 'max'],
    [many, 'allowed_ips', 'max'],
    [[5], 'allowed_ips.0', 'string'],
    [[['192.0.2.7']], 'allowed_ips.0', 'string'],
    [[{ toString: 1, valueOf: 1 }], 'allowed_ips.0', 'string'],
    [['::1', true], 'allowed_ips.1', 'string'],
    [['1.2.3.4/33'], 'allowed_ips.0', ''],
    [['1.2.3.4/-1'], 'allowed_ips.0', ''],
    [['1.2.3.9-1.2.3.4'], 'allowed_ips.0', ''],
    [['1.2.3.4 - 1.2.3.9'], 'allowed_ips.0', ''],
    [['1.2.3.4-::1'], 'allowed_ips.0', ''],
    [['1.2.3.256'], 'allowed_ips.0', ''],
    [['1.2.3'], 'allowed_ips.0', ''],
    [['01.2.3.4'], 'allowed_ips.0', ''],
    [['1.2.3.4:80'], 'allowed_ips.0', ''],
    [['10.0.0.0 255.0.0.0'], 'allowed_ips.0', ''],
    [['2130706433'], 'allowed_ips.0', ''],
    [['fe80::1%eth0'], 'allowed_ips.0', ''],
    [['::1/129'], 'allowed_ips.0', ''],
    [['*'], 'allowed_ips.0', ''],
    [['1.*.3.4'], 'allowed_ips.0', ''],
    [['localhost'], 'allowed_ips.0', ''],
    [['1.2.3.4\n5.6.7.8'], 'allowed_ips.0', ''],
    [['1.2.3.4\u0000.5'], 'allowed_ips.0', ''],
    [{ 'a.b': 'nope' }, 'allowed_ips.a.b', ''],
    [{ 'a/b~c': 'nope' }, 'allowed_ips.a/b~c', ''],
    [{ '~1': 'nope' }, 'allowed_ips.~1', ''],
    [JSON.parse('{"__proto__":"nope"}'), 'allowed_ips.__proto__', ''],
    [{ constructor: 'nope' }, 'allowed_ips.constructor', ''],
  ])('refuses %j for allowed_ips', async (allowed_ips, source_field, rule) => {
    const errors = await errorsFor({ description: 'x', allowed_ips });
    expect(errors.map(({ meta }) => meta)).toEqual([{ source_field, rule }]);
  });

  it('tells of everything that is wrong, in the panel’s order', async () => {
    const errors = await errorsFor({ description: 5, allowed_ips: [null, 'x', 7, '::1'] });
    expect(errors.map(({ detail, meta }) => [meta?.source_field, meta?.rule, detail])).toEqual([
      ['description', 'string', 'The description must be a string.'],
      ['allowed_ips.0', 'string', 'The allowed_ips.0 must be a string.'],
      ['allowed_ips.2', 'string', 'The allowed_ips.2 must be a string.'],
      ['allowed_ips.0', '', '"" is not a valid IP address or CIDR range.'],
      ['allowed_ips.1', '', '"x" is not a valid IP address or CIDR range.'],
    ]);
  });

  it.each(['x'.repeat(65), 'é'.repeat(15_000)])(
    'refuses a map with a name too long to store',
    async (name) => {
      const errors = await errorsFor({ description: 'x', allowed_ips: { [name]: '::1' } });
      expect(errors.map(({ meta }) => meta)).toEqual([{ source_field: 'allowed_ips', rule: 'max' }]);
    },
  );

  it('stops counting at a hundred errors', async () => {
    const errors = await errorsFor({ description: 'x', allowed_ips: Array(5000).fill('no') });
    expect(errors).toHaveLength(100);
  });
});
