import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import type { SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let path: string;
  let key: SeededKey;
  let other: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    const admin = await sidecar.seed.user({ admin: true });
    path = keysOf(await sidecar.seed.user());
    key = await sidecar.seed.key(admin);
    other = await sidecar.seed.key(admin);
  });
  afterAll(() => sidecar.close());

  const unauthenticated = '401 AuthenticationException: Unauthenticated.';

  async function statusWith(authorization: string): Promise<number> {
    const answer = await sidecar.send({ path, headers: { authorization } });
    if (answer.status !== 200) expect(refusalOf(answer)).toBe(unauthenticated);
    return answer.status;
  }

  describe('accepts', () => {
    it.each([
      ['the usual spelling', () => `Bearer ${key.bearer}`],
      ['the scheme in lower case', () => `bearer ${key.bearer}`],
      ['the scheme in capitals', () => `BEARER ${key.bearer}`],
      ['a bearer token after other credentials', () => `Basic eDp5, Bearer ${key.bearer}`],
      ['the last of two bearer tokens', () => `Bearer nonsense Bearer ${key.bearer}`],
      ['what stands before the first comma', () => `Bearer ${key.bearer}, Basic eDp5`],
    ])('%s', async (_, header) => {
      expect(await statusWith(header())).toBe(200);
    });
  });

  describe('answers 401 to', () => {
    it.each([
      ['an empty header', () => ''],
      ['the scheme alone', () => 'Bearer'],
      ['a token without a scheme', () => key.bearer],
      ['another scheme', () => `Token ${key.bearer}`],
      ['Basic with the token as its user', () => `Basic ${Buffer.from(`${key.bearer}:`).toString('base64')}`],
      ['two spaces', () => `Bearer  ${key.bearer}`],
      ['a tab', () => `Bearer\t${key.bearer}`],
      ['a bar in the token', () => `Bearer 1|${key.bearer}`],
      ['a bar behind the token', () => `Bearer ${key.bearer}|`],
      ['a comma within the token', () => `Bearer ${key.identifier},${key.secret}`],
      ['a later bearer token that is none', () => `Bearer ${key.bearer}, Bearer x`],
      ['the identifier alone', () => `Bearer ${key.identifier}`],
      ['the secret alone', () => `Bearer ${key.secret}`],
      ['the identifier in another case', () => `Bearer ${key.identifier.toUpperCase()}${key.secret}`],
      ['the secret in another case', () => `Bearer ${key.identifier}${key.secret.toUpperCase()}`],
      ['a secret cut short', () => `Bearer ${key.bearer.slice(0, -1)}`],
      ['a secret with more behind it', () => `Bearer ${key.bearer}Z`],
      ["another key's secret", () => `Bearer ${key.identifier}${other.secret}`],
      ['an identifier that is a pattern', () => `Bearer ${'%'.repeat(16)}${key.secret}`],
      ['bytes beyond ASCII', () => `Bearer ${key.identifier.slice(0, 15)}\u00e9${key.secret}`],
      ['a token of 8000 characters', () => `Bearer ${key.identifier}${'x'.repeat(8000)}`],
    ])('%s', async (_, header) => {
      expect(await statusWith(header())).toBe(401);
    });

    it('no header', async () => {
      expect(refusalOf(await sidecar.send({ path }))).toBe(unauthenticated);
    });

    it('a token anywhere but in its header', async () => {
      const headers = { 'x-api-key': key.bearer, cookie: `token=${key.bearer}` };
      const answer = await sidecar.send({
        path: `${path}?token=${key.bearer}&api_key=${key.bearer}`,
        headers,
      });
      expect(refusalOf(answer)).toBe(unauthenticated);
    });
  });

  it('takes the first of two Authorization headers', async () => {
    const statusOf = async (...values: string[]) => {
      const headers = Object.fromEntries([['authorization', values]]);
      return (await sidecar.send({ path, headers })).status;
    };
    expect(await statusOf(`Bearer ${key.bearer}`, 'Bearer x')).toBe(200);
    expect(await statusOf('Bearer x', `Bearer ${key.bearer}`)).toBe(401);
  });
});
