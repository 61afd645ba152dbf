import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paginate, parsePage } from '../../src/allocations/pagination.ts';
import { parsePerPage } from '../../src/allocations/query.ts';
import { parseForm } from '../../src/input/query.ts';

const url = 'https://panel.test/list';
const total = fc.nat(2000);
const perPage = fc.integer({ min: 1, max: 200 });

/** Rows that a database would find on a page. */
const countOn = (page: number, size: number, all: number) =>
  Math.max(0, Math.min(size, all - (page - 1) * size));

const pageOf = (link: string | undefined) =>
  link === undefined ? undefined : Number(new URL(link).searchParams.get('page'));

it('following `next` from the first page shows every row once, and `previous` leads back', () => {
  fc.assert(
    fc.property(total, perPage, (all, size) => {
      let rows = 0;
      let page: number | undefined = 1;
      let visited = 0;
      while (page !== undefined) {
        const count = countOn(page, size, all);
        const shown = paginate({ page, perPage: size, url, query: {} }, all, count);
        visited += 1;
        rows += count;
        expect(shown).toMatchObject({ total: all, count, per_page: size, current_page: visited });
        expect(pageOf(shown.links.previous)).toBe(page === 1 ? undefined : page - 1);
        page = pageOf(shown.links.next);
        if (page === undefined) expect(visited).toBe(shown.total_pages);
        else expect(page).toBe(visited + 1);
      }
      expect(rows).toBe(all);
    }),
    { numRuns: 50 },
  );
});

it('a page past the end has only a link back', () => {
  fc.assert(
    fc.property(total, perPage, fc.integer({ min: 1, max: 1_000_000 }), (all, size, beyond) => {
      const last = Math.max(1, Math.ceil(all / size));
      const page = last + beyond;
      const { links, total_pages } = paginate({ page, perPage: size, url, query: {} }, all, 0);
      expect(total_pages).toBe(last);
      expect(Object.keys(links)).toEqual(['previous']);
      expect(pageOf(links.previous)).toBe(page - 1);
    }),
  );
});

it('an empty list has one page and no links', () => {
  expect(paginate({ page: 1, perPage: 50, url, query: {} }, 0, 0)).toEqual({
    ...{ total: 0, count: 0, per_page: 50, current_page: 1, total_pages: 1, links: {} },
  });
});

it('links keep every other parameter as it was understood', () => {
  const name = fc.stringMatching(/^[a-z_]{1,8}$/).filter((text) => text !== 'page');
  const value = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed()),
    fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (others) => {
      const query = { ...others, page: '3' };
      const { links } = paginate({ page: 3, perPage: 10, url, query }, 100, 10);
      const read = (link = '') => ({ ...parseForm(link.slice(link.indexOf('?') + 1)) });
      expect(read(links.next)).toEqual({ ...others, page: '4' });
      expect(read(links.previous)).toEqual({ ...others, page: '2' });
    }),
  );
});

it.each<[unknown, number]>([
  ['1', 1],
  ['7', 7],
  ['+7', 7],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740992', 1],
  ['99999999999999999999', 1],
  ['0', 1],
  ['-1', 1],
  ['07', 1],
  ['1.5', 1],
  ['1e1', 1],
  ['0x2', 1],
  [' 2', 1],
  ['', 1],
  [null, 1],
  [undefined, 1],
  [['2'], 1],
  [{ a: '2' }, 1],
  [2, 1],
])('page %j means %i', (value, page) => {
  expect(parsePage(value)).toBe(page);
});

it('a page size is read only where it is written as an integer', () => {
  fc.assert(
    fc.property(fc.integer(), (number) => {
      expect(parsePerPage(String(number))).toBe(number);
    }),
  );
  for (const text of ['007', '1e1', '0x10', '', ' 5', '5 ', '--5', 'Infinity', 'NaN', '5n']) {
    expect(parsePerPage(text)).toBe(text);
  }
});
