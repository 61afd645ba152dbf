/**
 * A path without slashes at its start. In linear time, which a regular expression would not be on a path that
 * is one long run of slashes.
 */
export function withoutLeadingSlashes(path: string): string {
  let start = 0;
  while (path[start] === '/') start += 1;
  return path.slice(start);
}

/** A path without slashes at its end. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/**
 * A path and query with no more than one slash at the end of the path: the panel's router leaves out any
 * number of them there.
 */
export function withSlashesJoinedAtEnd(url: string): string {
  const [path = '', ...query] = url.split(/(?=\?)/);
  return path.endsWith('//') ? `${withoutTrailingSlashes(path)}/${query.join('')}` : url;
}
