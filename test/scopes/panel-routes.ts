import { readFileSync } from 'node:fs';

/** A line of the test's own list of the panel's Client API routes. */
export interface PanelRoute {
  readonly method: string;
  /** `/api/client/…` with `{name}` for any one part. */
  readonly path: string;
  /** What the panel checks there. */
  readonly permissions: readonly string[];
}

/** Every route of the panel's Client API. */
export const panelRoutes: readonly PanelRoute[] = readFileSync(
  new URL('client-routes.tsv', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [method = '', path = '', checked = ''] = line.split('\t');
    return { method, path, permissions: checked.match(/[a-z]+\.[a-z-]+/g) ?? [] };
  });

/** The route that a method and a decoded path lead to in the panel, as its router decides. */
export function findPanelRoute(method: string, path: string): PanelRoute | null {
  const asked = method === 'HEAD' ? 'GET' : method;
  return panelRoutes.find((route) => route.method === asked && patternOf(route).test(path)) ?? null;
}

function patternOf({ path }: PanelRoute): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`, 's');
}
