/**
 * JSON text as PHP's `json_encode` writes it with its default flags: slashes escaped, everything outside
 * ASCII as `\uXXXX`. The panel stores allow-lists and activity properties in this form.
 */
export function phpJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
