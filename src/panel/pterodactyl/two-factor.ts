import type { TwoFactorLevel, TwoFactorPolicy } from '../panel.ts';

/**
 * The policy in force. The panel reads `APP_2FA_REQUIRED`, and unless `APP_ENVIRONMENT_ONLY` is on, the row
 * that its settings page writes replaces it. It casts the value to an integer, so the text `true` means 1.
 *
 * @param stored The value of the settings row, or null where there is none.
 * @param environment The value of `APP_2FA_REQUIRED`, or null where it is not set.
 */
export function twoFactorLevel(
  stored: string | null,
  environment: string | null,
  environmentOnly: boolean,
): TwoFactorLevel {
  const value = environmentOnly || stored === null ? environment : stored;
  const level = toPhpInteger(value ?? '');
  if (level === 0) return 'nobody';
  // The panel lets pass whom 0 and 1 let pass; any other number stops everyone.
  return level === 1 ? 'admins' : 'everyone';
}

/** The policy in force, with where it was set; parameters as for the level alone. */
export function twoFactorPolicy(
  stored: string | null,
  environment: string | null,
  environmentOnly: boolean,
): TwoFactorPolicy {
  const level = twoFactorLevel(stored, environment, environmentOnly);
  if (stored !== null && !environmentOnly) return { level, source: "the panel's settings page" };
  return { level, source: environment === null ? "the panel's default" : 'APP_2FA_REQUIRED' };
}

function toPhpInteger(text: string): number {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '(true)') return 1;
  const digits = /^\s*[+-]?\d+/.exec(text)?.[0];
  return digits === undefined ? 0 : Number(digits);
}

/** Whether an account must set up a second factor before it may use the API. */
export function lacksTwoFactor(level: TwoFactorLevel, isAdmin: boolean, hasTwoFactor: boolean): boolean {
  if (hasTwoFactor || level === 'nobody') return false;
  return level === 'everyone' || isAdmin;
}
