/**
 * What the panel's configuration sees of an environment variable: Laravel's `env()` turns the words `true`,
 * `false`, `null` and `empty` (any case, in parentheses or not) into PHP values, and strips one pair of quotes
 * that surrounds a value of one line (a container may hand over `"secret"` with its quotes).
 *
 * @param text the variable's value
 */
export function envValue(text: string): string | boolean | null {
  switch (text.toLowerCase()) {
    case 'true':
    case '(true)':
      return true;
    case 'false':
    case '(false)':
      return false;
    case 'empty':
    case '(empty)':
      return '';
    case 'null':
    case '(null)':
      return null;
    default:
      return /^(["'])([^\n]*)\1$/.exec(text)?.[2] ?? text;
  }
}

/**
 * The same as a string, for settings that the panel uses as one: PHP writes `true` as `1`, `false` and `null`
 * as the empty string.
 *
 * @param text the variable's value, or `null` if it is not set
 */
export function envString(text: string | null): string {
  const value = text === null ? null : envValue(text);
  if (typeof value === 'string') return value;
  return value === true ? '1' : '';
}

/**
 * The same as PHP's truth: `false`, `null`, the empty string and `0` are false, everything else is true.
 *
 * @param text the variable's value, or `null` if it is not set
 */
export function envBoolean(text: string | null): boolean {
  const value = envString(text);
  return value !== '' && value !== '0';
}
