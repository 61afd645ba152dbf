/** A request to the Client API, in the one spelling that its rules are written in. */
export interface RequestedPath {
  /** Parts of the path below `/api/client`. */
  readonly parts: readonly string[];
  /** The query, decoded; null where there is something in it that can't be read for sure. */
  readonly query: string | null;
}

const clientApi = ['api', 'client'];

/** What a path may hold once decoded. Anything else is spelled in a way that no client needs. */
const plainPath = /^(?:\/[A-Za-z0-9._~-]+)+\/?$/;

/**
 * Finds the Client API route that the panel would see in a URI as sent: it takes letters and slashes that are
 * percent-encoded, a trailing slash, and everything behind `/index.php`.
 *
 * @returns null for what is no path of the Client API, or may be read in more than one way.
 */
export function readRequestedPath(uri: string): RequestedPath | null {
  const question = uri.indexOf('?');
  const path = decodeOnce(question === -1 ? uri : uri.slice(0, question));
  if (path === null || !plainPath.test(path)) return null;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.some((part) => part === '.' || part === '..')) return null;
  if (parts[0] === 'index.php') parts.shift();
  if (clientApi.some((part, index) => parts[index] !== part)) return null;
  const query = question === -1 ? '' : uri.slice(question + 1);
  return { parts: parts.slice(clientApi.length), query: decodeOnce(query.replaceAll('+', ' ')) };
}

function decodeOnce(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
