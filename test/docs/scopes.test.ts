import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { settingFields } from '../../src/config/fields.ts';
import { codeBlocks, codeIn, readDocument, sectionOf, tableRows } from './markdown.ts';
import { closedRoutes, combinedRows, permissionRows } from './scope-tables.ts';

const document = readDocument('docs/scopes.md');

describe('Permissions', () => {
  const section = sectionOf(document, 'Permissions');
  const second = section.slice(section.indexOf('these need several'));

  test('says what each lets through', () => {
    expect(tableRows(section)).toEqual(permissionRows());
  });

  test('says which routes need several', () => {
    expect(tableRows(second)).toEqual(combinedRows());
  });
});

test('Limits names every route that no permission opens, and no other', () => {
  const section = sectionOf(document, 'Limits');
  const named = codeIn(section).map((text) => text.replaceAll(/\s+/g, ' '));
  const routes = named.filter((text) => /^(?:GET|POST|PUT|DELETE) [/…]/.test(text));
  expect(new Set(routes)).toEqual(new Set(closedRoutes()));
});

test('Set it up names every setting of scopes', () => {
  const rows = tableRows(sectionOf(document, 'Set it up').replaceAll(/^ {3}/gm, ''));
  const settings = settingFields.filter(({ section }) => section === 'scopes').map(({ key }) => `\`${key}\``);
  expect(rows.map(([name]) => name)).toEqual(settings);
});

describe('Traefik', () => {
  interface Middlewares {
    readonly 'panel-sidecar': { readonly forwardAuth: Readonly<Record<string, unknown>> };
    readonly 'panel-headers': { readonly headers: { readonly customRequestHeaders: unknown } };
  }
  interface Router {
    readonly rule: string;
    readonly priority?: number;
    readonly middlewares: readonly string[];
  }
  const [block] = codeBlocks(sectionOf(document, 'Traefik'));
  const { http } = parse(block?.text ?? '') as {
    http: { routers: Readonly<Record<string, Router>>; middlewares: Middlewares };
  };

  test('asks with what Traefik itself knows of the request, and with all of its headers', () => {
    expect(http.middlewares['panel-sidecar'].forwardAuth).toEqual({
      address: 'http://127.0.0.1:8091/authorize',
      trustForwardHeader: false,
    });
    expect(http.middlewares['panel-headers'].headers.customRequestHeaders).toEqual({
      'X-HTTP-Method-Override': '',
      'PHP-Auth-Digest': '',
    });
  });

  test('asks for what carries a key, before anything else, and never for what Wings sends', () => {
    const [plain, keys] = [http.routers.panel, http.routers['panel-keys']];
    expect(keys?.middlewares[0]).toBe('panel-sidecar');
    expect([plain?.priority, keys?.priority]).toEqual([undefined, 1000]);
    expect(keys?.rule).toMatch(/&& HeaderRegexp\(`Authorization`, `\.\*`\) && !PathRegexp\(`.*`\)$/);
    // Traefik matches the decoded path.
    const wings = new RegExp(/!PathRegexp\(`(.*)`\)/.exec(keys?.rule ?? '')?.[1] ?? 'none');
    expect(wings.test('/api/remote/servers/6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e/install')).toBe(true);
    for (const path of ['/api/remote/../client/account', '/x/api/remote/a', '/api/client/api/remote/a']) {
      expect([path, wings.test(path)]).toEqual([path, false]);
    }
  });
});
