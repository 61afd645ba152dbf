import { OperatorError } from '../../operator-error.ts';
import { readAppKeys } from './app-key.ts';
import { type DatabaseSettings, databaseSettings } from './database-settings.ts';
import { inheritedValue, type ProcessEnv, parseDotenv } from './dotenv.ts';
import { findEnvFile } from './env-file.ts';
import { type Printable, withHidden } from './hidden.ts';
import { type RedisSettings, redisSettings } from './redis-settings.ts';
import { envBoolean, envString } from './value.ts';

/**
 * What the service reads from the panel's installation: its `.env`, under the process environment. Immutable.
 * Printing it shows neither keys nor passwords.
 */
export interface PanelEnv extends Printable {
  /** absolute path of the file that was read; `null` where the process environment alone was enough */
  readonly envFile: string | null;
  /** absolute path of the panel's folder */
  readonly folder: string;
  /** the panel's keys, 32 bytes each; the first encrypts. Not enumerable: a spread copy is without them */
  readonly appKeys: readonly [Buffer, ...Buffer[]];
  /** APP_URL */
  readonly appUrl: string | null;
  /** APP_ENV, `production` unless set */
  readonly appEnv: string;
  /** APP_TIMEZONE, an IANA name, `UTC` unless set */
  readonly timeZone: string;
  readonly database: DatabaseSettings;
  /** TRUSTED_PROXIES as it is written, empty unless set */
  readonly trustedProxies: string;
  /** APP_CORS_ALLOWED_ORIGINS cut at commas; one empty string unless set, as in the panel */
  readonly corsAllowedOrigins: readonly string[];
  /** the Application API's limit: requests per period; `null` where the panel's default holds */
  readonly rateLimit: { readonly max: number | null; readonly periodMinutes: number | null };
  /** APP_2FA_REQUIRED as it is written */
  readonly twoFactorRequired: string | null;
  /** APP_ENVIRONMENT_ONLY: whether the panel ignores its table `settings` */
  readonly environmentOnly: boolean;
  /** the panel's Redis; `null` where it uses none */
  readonly redis: RedisSettings | null;
  /** host of a replica of the database, for reading; `null` for none */
  readonly readHost: string | null;
  /** any other variable as it is written, the process environment first; `null` if it is not set */
  variable(name: string): string | null;
}

/**
 * Reads the panel's settings.
 *
 * @param path the panel's folder, or its `.env` file
 * @param processEnv wins over the file, as in the panel; it may replace the file where it holds APP_KEY and
 *   the database's variables (containers)
 * @throws OperatorError for a path, file or value that can't be used; the message holds no secret
 */
export function loadPanelEnv(path: string, processEnv: ProcessEnv): PanelEnv {
  const { folder, envFile, text } = findEnvFile(path, processEnv);
  const values = envFile === null ? new Map<string, string | null>() : parsed(envFile, text, processEnv);
  const variable = (name: string) => inheritedValue(processEnv, name) ?? values.get(name) ?? null;
  const setting = (name: string) => envString(variable(name));

  return withHidden(
    {
      envFile,
      folder,
      appUrl: setting('APP_URL') || null,
      appEnv: setting('APP_ENV') || 'production',
      timeZone: timeZone(setting('APP_TIMEZONE') || 'UTC'),
      database: databaseSettings(variable, folder),
      trustedProxies: setting('TRUSTED_PROXIES'),
      corsAllowedOrigins: Object.freeze(setting('APP_CORS_ALLOWED_ORIGINS').split(',')),
      rateLimit: Object.freeze({
        max: wholeNumber('APP_API_APPLICATION_RATELIMIT', setting),
        periodMinutes: wholeNumber('APP_API_APPLICATION_RATELIMIT_PERIOD', setting),
      }),
      twoFactorRequired: variable('APP_2FA_REQUIRED'),
      environmentOnly: envBoolean(variable('APP_ENVIRONMENT_ONLY')),
      redis: redisSettings(variable),
      readHost: setting('DB_READ_HOST') || null,
      variable,
    },
    {
      appKeys: readAppKeys(
        variable,
        `the process environment and ${envFile ?? `${folder}, which has no .env`}`,
      ),
    },
  );
}

function parsed(envFile: string, text: string, processEnv: ProcessEnv): Map<string, string | null> {
  try {
    return parseDotenv(text, processEnv);
  } catch (error) {
    if (error instanceof OperatorError) throw new OperatorError(`${envFile}, ${error.message}`);
    throw error;
  }
}

/** Offsets such as `+02:00` are no names to PHP, though JavaScript takes them. */
function timeZone(name: string): string {
  try {
    if (!/^[A-Za-z]/.test(name)) throw new RangeError(name);
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw new OperatorError(
      `APP_TIMEZONE is ${JSON.stringify(name.slice(0, 40))}, which is no time zone: write a name such as Europe/Berlin`,
    );
  }
}

function wholeNumber(name: string, setting: (name: string) => string): number | null {
  const text = setting(name);
  if (text === '') return null;
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number < 1 || !Number.isSafeInteger(number)) {
    throw new OperatorError(`${name} must be a whole number from 1 up`);
  }
  return number;
}
