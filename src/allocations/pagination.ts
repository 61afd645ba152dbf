import { formatQuery } from '../input/query.ts';

/** Rows on a page where the caller doesn't say; the panel's default, whatever the largest page is. */
export const defaultPerPage = 50;

/** The panel's pagination block. */
export interface Pagination {
  readonly total: number;
  readonly count: number;
  readonly per_page: number;
  readonly current_page: number;
  readonly total_pages: number;
  readonly links: { readonly previous?: string; readonly next?: string };
}

/** What a page was asked for with. */
export interface PageRequest {
  readonly page: number;
  readonly perPage: number;
  /** The address of the list, without a query. */
  readonly url: string;
  /** The query's fields; links keep them all. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** Describes a page that holds `count` of `total` rows. An empty list has one page. */
export function paginate(
  { page, perPage, url, query }: PageRequest,
  total: number,
  count: number,
): Pagination {
  const pages = Math.max(1, Math.ceil(total / perPage));
  const { page: _, ...others } = query;
  const link = (number: number) => `${url}?${formatQuery({ ...others, page: number })}`;
  return {
    total,
    count,
    per_page: perPage,
    current_page: page,
    total_pages: pages,
    links: {
      ...(page > 1 ? { previous: link(page - 1) } : {}),
      ...(page < pages ? { next: link(page + 1) } : {}),
    },
  };
}

/** The page a query asks for. As in the panel, whatever is no whole number from 1 up means the first. */
export function parsePage(value: unknown): number {
  const number = typeof value === 'string' && /^\+?[1-9]\d*$/.test(value) ? Number(value) : 1;
  return Number.isSafeInteger(number) ? number : 1;
}
