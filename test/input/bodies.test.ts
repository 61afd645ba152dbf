import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf, refusalOf } from '../support/client.ts';
import { panelTraits } from '../support/panel-traits.ts';
import { accountKeysOf, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  /** What becomes of `a\0b` as a description: PostgreSQL can store no NUL. */
  const withNul =
    cell.on === 'postgres'
      ? '422 ValidationException: The description format is invalid.'
      : ['a\u0000b', '[]'];
  const { stored } = panelTraits[cell.panel].nullAllowedIps;
  /** What becomes of an empty field, which is null to both panels. */
  const withNull =
    stored.length > 0 ? ['x', ...stored] : '422 ValidationException: The allowed ips must be an array.';
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(() => sidecar.close());

  async function post(
    type: string | null,
    body: string | Buffer | undefined,
    query = '',
  ): Promise<{ user: SeededUser; answer: Answer }> {
    const user = await sidecar.seed.user();
    const headers = type === null ? {} : { 'content-type': type };
    const path = keysOf(user) + query;
    return { user, answer: await sidecar.send({ method: 'POST', path, key: key.bearer, headers, body }) };
  }

  /** What was stored, `[memo, allowed_ips]`, or the refusal. */
  async function outcome(type: string | null, body: string | Buffer | undefined, query = '') {
    const { user, answer } = await post(type, body, query);
    const [row] = await accountKeysOf(sidecar.panel, user);
    if (answer.status !== 200) {
      expect(row).toBeUndefined();
      return refusalOf(answer);
    }
    return [row?.memo, row?.allowed_ips];
  }

  const missing = '422 ValidationException: The description field is required.';
  const malformed = (reason: string) =>
    `400 BadRequestHttpException: The JSON data passed in the request appears to be malformed: ${reason}`;

  describe('JSON', () => {
    const json = '{"description":"x","allowed_ips":["::1"]}';
    it.each([
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset=latin1',
      'application/vnd.api+json',
      'application/problem+json; v=1',
      'text/json',
      '  application/json',
      'nonsense/json/json',
    ])('is read where the Content-Type is %j', async (type) => {
      expect(await outcome(type, json)).toEqual(['x', '["::1"]']);
    });

    it.each(['text/plain', 'application/octet-stream', 'application/JSON', 'json', 'x', ';', '', '\u00e9'])(
      'is no input where the Content-Type is %j',
      async (type) => {
        expect(await outcome(type, json)).toBe(missing);
      },
    );

    it('is no input without a Content-Type', async () => {
      expect(await outcome(null, json)).toBe(missing);
    });

    it.each([
      ['[]', missing],
      ['["description"]', missing],
      ['null', missing],
      ['"description"', missing],
      ['5', missing],
      [' {"description":"x"}\n', ['x', '[]']],
      ['{"description":"a","description":"b"}', ['b', '[]']],
      ['{"__proto__":{"description":"x"}}', missing],
      ['{"__proto__":null,"description":"x"}', ['x', '[]']],
      ['{"constructor":{"prototype":{"description":"x"}}}', missing],
      ['{"hasOwnProperty":1,"toString":2,"description":"x"}', ['x', '[]']],
      ['{"description":"\\ud83d\\ude00"}', ['😀', '[]']],
      ['{"description":"x","n":123456789012345678901234567890,"e":1e999}', ['x', '[]']],
      ['{', malformed('Syntax error')],
      ["{'description':'x'}", malformed('Syntax error')],
      ['{"description":"x",}', malformed('Syntax error')],
      ['{"description":"x"}{}', malformed('Syntax error')],
      ['\ufeff{"description":"x"}', malformed('Syntax error')],
      ['{"description":NaN}', malformed('Syntax error')],
      ['{"description":"\u0000"}', malformed('Syntax error')],
      ['{"description":"\\ud800"}', malformed('Single unpaired UTF-16 surrogate in unicode escape')],
      ['{"\\udc00":1,"description":"x"}', malformed('Single unpaired UTF-16 surrogate in unicode escape')],
    ])('%s', async (body, expected) => {
      expect(await outcome('application/json', body)).toEqual(expected);
    });

    it.each([
      ['a lone byte', Buffer.from([0x22, 0xff, 0x22])],
      ['a cut character', Buffer.concat([Buffer.from('{"description":"'), Buffer.from([0xe2, 0x98])])],
      ['a surrogate as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ])('with %s is malformed', async (_, body) => {
      expect(await outcome('application/json', body)).toBe(
        malformed('Malformed UTF-8 characters, possibly incorrectly encoded'),
      );
    });

    it.each([
      [511, '[', ']', missing],
      [512, '[', ']', malformed('Maximum stack depth exceeded')],
      [6000, '{"a":', '}', malformed('Maximum stack depth exceeded')],
      [30_000, '[', ']', malformed('Maximum stack depth exceeded')],
    ])('nested %i deep', async (depth, open, close, expected) => {
      const core = open === '[' ? '' : '1';
      expect(await outcome('application/json', open.repeat(depth) + core + close.repeat(depth))).toBe(
        expected,
      );
    });

    it('nested deep in a field is no server error', async () => {
      const nested = '['.repeat(500) + ']'.repeat(500);
      const { answer } = await post('application/json', `{"description":"x","allowed_ips":${nested}}`);
      expect(errorsOf(answer).map(({ meta }) => meta)).toEqual([
        { source_field: 'allowed_ips.0', rule: 'string' },
      ]);
    });
  });

  describe('forms', () => {
    const form = 'application/x-www-form-urlencoded';
    it.each([
      ['description=x&allowed_ips[]=::1&allowed_ips[]=10.0.0.0/8', ['x', '["::1","10.0.0.0\\/8"]']],
      ['description=x&allowed_ips%5B%5D=%3A%3A1', ['x', '["::1"]']],
      ['description=x&allowed_ips[0]=::1&allowed_ips[1]=::2', ['x', '["::1","::2"]']],
      ['description=x&allowed_ips[a]=::1', ['x', '{"a":"::1"}']],
      ['description=a&description=b', ['b', '[]']],
      ['description=a+b%20c', ['a b c', '[]']],
      ['description=Caf%C3%A9', ['Café', '[]']],
      ['description=50%25', ['50%', '[]']],
      ['description=50%25+%zz', ['50%25 %zz', '[]']],
      ['description=%ff', ['%ff', '[]']],
      ['description=a%00b', withNul],
      ['description=5', ['5', '[]']],
      ['description=true', ['true', '[]']],
      ['description=x&allowed_ips=', withNull],
      ['description=x&__proto__[description]=y&constructor=z', ['x', '[]']],
      ['description=', missing],
      ['', missing],
      ['&&&=&==', missing],
      ['description[]=x', '422 ValidationException: The description must be a string.'],
      ['description=x&allowed_ips=::1', '422 ValidationException: The allowed ips must be an array.'],
    ])('%j', async (body, expected) => {
      expect(await outcome(form, body)).toEqual(expected);
      expect(await outcome(`${form.toUpperCase()}; charset=UTF-8`, body)).toEqual(expected);
    });

    it('that are no UTF-8 are malformed', async () => {
      const body = Buffer.concat([Buffer.from('description='), Buffer.from([0xe9])]);
      expect(await outcome(form, body)).toBe(
        '400 BadRequestHttpException: The form data passed in the request is not valid UTF-8.',
      );
    });
  });

  describe('multipart forms', () => {
    const part = (name: string, value: string, more = '') =>
      `--B\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

    it('are read, files left out', async () => {
      const body = `${part('description', 'Café')}${part('allowed_ips[]', '::1')}${part('allowed_ips[]', '::2')}${part('allowed_ips', 'no', '; filename="x.txt"')}--B--\r\n`;
      expect(await outcome('multipart/form-data; boundary=B', body)).toEqual(['Café', '["::1","::2"]']);
    });

    it.each([
      ['no boundary', 'multipart/form-data', `${part('description', 'x')}--B--\r\n`],
      ['another boundary', 'multipart/form-data; boundary=C', `${part('description', 'x')}--B--\r\n`],
      ['no end', 'multipart/form-data; boundary=B', part('description', 'x')],
      ['nothing in it', 'multipart/form-data; boundary=B', 'x'],
    ])('with %s are malformed', async (_, type, body) => {
      expect(await outcome(type, body)).toBe(
        '400 BadRequestHttpException: The form data passed in the request appears to be malformed.',
      );
    });
  });

  describe('the query', () => {
    it('is input too, and the body wins', async () => {
      const json = 'application/json';
      expect(await outcome(json, '{}', '?description=q&allowed_ips[]=::1')).toEqual(['q', '["::1"]']);
      expect(await outcome(json, '{"description":"b"}', '?description=q')).toEqual(['b', '[]']);
      expect(await outcome(null, undefined, '?description=q')).toEqual(['q', '[]']);
      expect(await outcome(json, '{"description":null}', '?description=q')).toBe(missing);
    });
  });

  describe('size', () => {
    it('of 64 KiB is read, and one byte more is refused in the envelope', async () => {
      const fill = (size: number) => `{"description":"x"}${' '.repeat(size - 19)}`;
      expect(await outcome('application/json', fill(65_536))).toEqual(['x', '[]']);
      const tooLarge = '413 PostTooLargeException: The request body is larger than this service accepts.';
      expect(await outcome('application/json', fill(65_537))).toBe(tooLarge);
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const path = keysOf(await sidecar.seed.user());
      const chunked = (body: string) =>
        sidecar.send({ method: 'POST', path, key: key.bearer, headers, body });
      expect(refusalOf(await chunked(fill(65_537)))).toBe(tooLarge);
      expect((await chunked(fill(65_536))).status).toBe(200);
    });

    it('of white space costs no time', async () => {
      const user = await sidecar.seed.user();
      const description = `a${' '.repeat(60_000)}b`;
      const body = { description };
      const from = performance.now();
      const answer = await sidecar.send({ method: 'POST', path: keysOf(user), key: key.bearer, body });
      expect(performance.now() - from).toBeLessThan(1000);
      expect(answer.status).toBe(422);
    });
  });
});
