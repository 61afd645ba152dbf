import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/operator-error.ts';
import type { ProcessEnv } from '../../../src/panel/env/dotenv.ts';
import { loadPanelEnv } from '../../../src/panel/env/panel-env.ts';

const key = 'abcdefghijklmnopqrstuvwxyzABCDEF';
const oldKey = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function load(lines: string, processEnv: ProcessEnv = {}) {
  writeFileSync(join(folder, '.env'), `APP_KEY=${key}\n${lines}`);
  return loadPanelEnv(folder, processEnv);
}

describe('what is read', () => {
  it('has defaults', () => {
    const env = load('');
    expect(env).toEqual({
      envFile: join(folder, '.env'),
      folder,
      appUrl: null,
      appEnv: 'production',
      timeZone: 'UTC',
      database: expect.objectContaining({ driver: 'mysql', host: '127.0.0.1', user: 'pterodactyl' }),
      trustedProxies: '',
      corsAllowedOrigins: [''],
      rateLimit: { max: null, periodMinutes: null },
      twoFactorRequired: null,
      environmentOnly: false,
      redis: null,
      readHost: null,
      variable: expect.any(Function),
    });
    expect(env.appKeys).toEqual([Buffer.from(key)]);
  });

  it('comes from the file', () => {
    const env = load(
      [
        `APP_PREVIOUS_KEYS=${oldKey}`,
        'APP_URL="https://panel.example.com"',
        'APP_ENV=local',
        'APP_TIMEZONE=America/New_York',
        'DB_HOST=db.example.com',
        'DB_PASSWORD="p a#s\\"s"',
        'TRUSTED_PROXIES=10.0.0.0/8,192.0.2.1',
        'APP_CORS_ALLOWED_ORIGINS=https://a.example,https://b.example',
        'APP_API_APPLICATION_RATELIMIT=500',
        'APP_API_APPLICATION_RATELIMIT_PERIOD=2',
        'APP_2FA_REQUIRED=true',
        'APP_ENVIRONMENT_ONLY=true',
        'CLIENT_API_MAX_KEYS_PER_USER=7',
      ].join('\n'),
    );
    expect(env).toMatchObject({
      appUrl: 'https://panel.example.com',
      appEnv: 'local',
      timeZone: 'America/New_York',
      database: { driver: 'mysql', host: 'db.example.com' },
      trustedProxies: '10.0.0.0/8,192.0.2.1',
      corsAllowedOrigins: ['https://a.example', 'https://b.example'],
      rateLimit: { max: 500, periodMinutes: 2 },
      twoFactorRequired: 'true',
      environmentOnly: true,
    });
    expect(env.database.driver === 'mysql' && env.database.password).toBe('p a#s"s');
    expect(env.appKeys).toEqual([Buffer.from(key), Buffer.from(oldKey)]);
    expect(env.variable('CLIENT_API_MAX_KEYS_PER_USER')).toBe('7');
    expect(env.variable('UNSET')).toBeNull();
    expect(env.variable('toString')).toBeNull();
  });

  it('comes from the process environment first', () => {
    const env = load(`APP_URL=https://file.example\nDB_HOST=file\nDB_USERNAME=file\nONLY=\${DB_HOST}`, {
      APP_KEY: oldKey,
      APP_URL: 'https://process.example',
      DB_HOST: 'process',
      DB_USERNAME: undefined,
      CLIENT_API_AUDIT_VIEWS: 'false',
    });
    expect(env.appKeys).toEqual([Buffer.from(oldKey)]);
    expect(env.appUrl).toBe('https://process.example');
    expect(env.database).toMatchObject({ host: 'process', user: 'file' });
    expect(env.variable('ONLY')).toBe('process');
    expect(env.variable('CLIENT_API_AUDIT_VIEWS')).toBe('false');
  });

  it('has the defaults where a variable is empty or null', () => {
    expect(
      load('APP_URL=\nAPP_ENV=null\nAPP_TIMEZONE=\nTRUSTED_PROXIES=null\nAPP_API_APPLICATION_RATELIMIT='),
    ).toMatchObject({
      appUrl: null,
      appEnv: 'production',
      timeZone: 'UTC',
      trustedProxies: '',
      rateLimit: { max: null },
    });
  });

  it('cuts the allowed origins as PHP does', () => {
    expect(load('APP_CORS_ALLOWED_ORIGINS=').corsAllowedOrigins).toEqual(['']);
    expect(load('APP_CORS_ALLOWED_ORIGINS=*').corsAllowedOrigins).toEqual(['*']);
    expect(load('APP_CORS_ALLOWED_ORIGINS="a, b,"').corsAllowedOrigins).toEqual(['a', ' b', '']);
  });

  it.each(['UTC', 'Europe/Berlin', 'america/new_york', 'Etc/GMT+5', 'EST5EDT'])(
    'knows the zone %s',
    (zone) => {
      expect(load(`APP_TIMEZONE=${zone}`).timeZone).toBe(zone);
    },
  );
});

describe('values that are refused', () => {
  it.each(['Mars/Olympus', '+02:00', '-05:00', 'UTC;'])('time zone %s', (zone) => {
    expect(() => load(`APP_TIMEZONE=${zone}`)).toThrow(
      new OperatorError(
        `APP_TIMEZONE is "${zone}", which is no time zone: write a name such as Europe/Berlin`,
      ),
    );
  });

  it.each(['0', '-1', '1.5', 'many', '1e3', '99999999999999999999'])('rate limit %s', (value) => {
    expect(() => load(`APP_API_APPLICATION_RATELIMIT=${value}`)).toThrow(
      new OperatorError('APP_API_APPLICATION_RATELIMIT must be a whole number from 1 up'),
    );
    expect(() => load(`APP_API_APPLICATION_RATELIMIT_PERIOD=${value}`)).toThrow(
      new OperatorError('APP_API_APPLICATION_RATELIMIT_PERIOD must be a whole number from 1 up'),
    );
  });

  it('a file with a mistake, by its line', () => {
    expect(() => load('DB_PASSWORD=not secret')).toThrow(
      new OperatorError(
        `${join(folder, '.env')}, line 2: text behind the value (put the whole value into double quotes)`,
      ),
    );
  });

  it('a missing key, with the places looked at', () => {
    writeFileSync(join(folder, '.env'), 'APP_URL=x');
    expect(() => loadPanelEnv(folder, {})).toThrow(
      new OperatorError(
        `APP_KEY is not set (looked in the process environment and ${join(folder, '.env')}): give the key that` +
          ' the panel itself uses, not a new one',
      ),
    );
  });
});

describe('the path', () => {
  it('may be the file, under any name, or relative', () => {
    writeFileSync(join(folder, 'panel.conf'), `APP_KEY=${key}`);
    expect(loadPanelEnv(join(folder, 'panel.conf'), {})).toMatchObject({
      envFile: join(folder, 'panel.conf'),
      folder,
    });
    load('');
    expect(loadPanelEnv(relative(process.cwd(), folder), {})).toMatchObject({
      envFile: join(folder, '.env'),
      folder,
    });
  });

  it('may hold a symbolic link', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'env'), `APP_KEY=${key}`);
    symlinkSync('data/env', join(folder, '.env'));
    expect(loadPanelEnv(folder, {})).toMatchObject({ envFile: join(folder, '.env'), folder });
  });

  it('prefers the file of the environment that the process names', () => {
    writeFileSync(join(folder, '.env.staging'), `APP_KEY=${oldKey}`);
    expect(load('', { APP_ENV: 'staging' })).toMatchObject({
      envFile: join(folder, '.env.staging'),
      appEnv: 'staging',
    });
    expect(load('', { APP_ENV: 'production' })).toMatchObject({ envFile: join(folder, '.env') });
    expect(load('APP_ENV=staging')).toMatchObject({ envFile: join(folder, '.env') });
  });

  it('must exist', () => {
    const missing = join(folder, 'nowhere');
    const message = `${missing} does not exist: give the panel's folder, or its .env file`;
    expect(() => loadPanelEnv(missing, {})).toThrow(new OperatorError(message));
    expect(() => loadPanelEnv(missing, { APP_KEY: key, DB_HOST: 'x' })).toThrow(new OperatorError(message));
    writeFileSync(join(folder, 'file'), '');
    expect(() => loadPanelEnv(join(folder, 'file', '.env'), {})).toThrow(OperatorError);
  });

  it('must not be a folder called .env inside the folder', () => {
    mkdirSync(join(folder, '.env'));
    expect(() => loadPanelEnv(folder, {})).toThrow(
      new OperatorError(`${join(folder, '.env')} is not a file: give the panel's folder, or its .env file`),
    );
  });

  it('must not be a device or a huge file', () => {
    expect(() => loadPanelEnv('/dev/null', {})).toThrow(
      new OperatorError("/dev/null is not a file: give the panel's folder, or its .env file"),
    );
    writeFileSync(join(folder, '.env'), ' '.repeat(1024 * 1024 + 1));
    expect(() => loadPanelEnv(folder, {})).toThrow(
      new OperatorError(
        `${join(folder, '.env')} is larger than 1 MiB, which no .env is: give the panel's folder`,
      ),
    );
  });

  it('must be readable', () => {
    symlinkSync('.env', join(folder, '.env'));
    expect(() => loadPanelEnv(folder, {})).toThrow(
      new OperatorError(
        `${join(folder, '.env')} cannot be read (ELOOP): give the panel's folder, or its .env file`,
      ),
    );
  });
});

describe('a folder without .env', () => {
  it.each([
    { APP_KEY: key, DB_HOST: 'db' },
    { APP_KEY: key, DATABASE_URL: 'mysql://db' },
  ])('is fine where the process environment says enough: %j', (processEnv) => {
    const env = loadPanelEnv(folder, processEnv);
    expect(env).toMatchObject({ envFile: null, folder, database: { host: 'db' } });
    expect(env.appKeys).toEqual([Buffer.from(key)]);
  });

  it.each([
    {},
    { APP_KEY: key },
    { APP_KEY: key, DB_HOST: '' },
    { DB_HOST: 'db' },
    { APP_KEY: '', DB_HOST: 'db' },
  ])('is refused otherwise: %j', (processEnv: ProcessEnv) => {
    expect(() => loadPanelEnv(folder, processEnv)).toThrow(
      new OperatorError(
        `${folder} has no .env: give the panel's folder or its .env file, or set APP_KEY and the DB_ variables` +
          ' in the environment',
      ),
    );
  });
});

describe('printing', () => {
  it('shows neither keys nor passwords', () => {
    const env = load(`APP_PREVIOUS_KEYS=${oldKey}\nDB_PASSWORD=S3cret\nDB_HOST=shown`);
    const printed = [
      JSON.stringify(env),
      JSON.stringify({ ...env }),
      inspect(env, { depth: null }),
      inspect({ nested: [env] }, { depth: null, showHidden: true }),
      inspect({ ...env }, { depth: null, showHidden: true }),
    ];
    for (const text of printed) {
      expect(text).toContain('shown');
      for (const secret of ['S3cret', key, oldKey]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString('base64'));
        expect(text).not.toContain(JSON.stringify([...Buffer.from(secret)]).slice(1, -1));
        expect(text).not.toContain(
          Buffer.from(secret)
            .toString('hex')
            .replace(/..(?=.)/g, '$& '),
        );
      }
    }
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      appKeys: '[hidden]',
      database: { password: '[hidden]' },
    });
  });

  it('leaves the object immutable', () => {
    const env = load('');
    for (const part of [env, env.appKeys, env.corsAllowedOrigins, env.rateLimit, env.database]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});
