import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/operator-error.ts';
import { databaseSettings } from '../../../src/panel/env/database-settings.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function settings(values: Record<string, string>) {
  return databaseSettings((name) => values[name] ?? null, folder);
}

function passwordOf(values: Record<string, string>): string | null {
  const database = settings(values);
  return database.driver === 'sqlite' ? null : database.password;
}

const mysqlDefaults = {
  driver: 'mysql',
  connection: 'mysql',
  host: '127.0.0.1',
  port: 3306,
  socket: null,
  database: 'panel',
  user: 'pterodactyl',
  prefix: '',
  charset: 'utf8mb4',
  collation: 'utf8mb4_unicode_ci',
  timeZone: null,
  tls: null,
};

const pgsqlDefaults = {
  driver: 'pgsql',
  connection: 'pgsql',
  host: '127.0.0.1',
  port: 5432,
  database: 'panel',
  user: 'pelican',
  prefix: '',
  charset: 'utf8',
  schema: 'public',
  sslMode: 'prefer',
};

describe('without DB_CONNECTION', () => {
  function withSqliteFile(): void {
    mkdirSync(join(folder, 'database'));
    writeFileSync(join(folder, 'database', 'database.sqlite'), '');
  }

  it('is MySQL with the defaults of Pterodactyl', () => {
    expect(settings({})).toEqual(mysqlDefaults);
    expect(passwordOf({})).toBe('');
  });

  it('is SQLite where there is the file that DB_DATABASE names', () => {
    const named = (DB_DATABASE: string) => settings({ DB_DATABASE });
    expect(named('games.sqlite')).toMatchObject({ driver: 'mysql', database: 'games.sqlite' });
    mkdirSync(join(folder, 'database'));
    const file = join(folder, 'database', 'games.sqlite');
    writeFileSync(file, '');
    expect(named('games.sqlite')).toMatchObject({ driver: 'sqlite', file });
    expect(named(file)).toMatchObject({ driver: 'sqlite', file });
    expect(named('other')).toMatchObject({ driver: 'mysql', database: 'other' });
  });

  it('is SQLite where the folder has the file', () => {
    withSqliteFile();
    expect(settings({})).toEqual({
      driver: 'sqlite',
      connection: 'sqlite',
      file: join(folder, 'database/database.sqlite'),
      prefix: '',
    });
  });

  it.each([{ DB_HOST: '127.0.0.1' }, { DB_URL: 'mysql://127.0.0.1' }, { DATABASE_URL: 'mysql://127.0.0.1' }])(
    'is MySQL beside the file where an address is set: %j',
    (values) => {
      withSqliteFile();
      expect(settings(values)).toEqual(mysqlDefaults);
    },
  );
});

describe('MySQL and MariaDB', () => {
  it('take every variable', () => {
    const values = {
      DB_CONNECTION: 'mariadb',
      DB_HOST: 'db.example.com',
      DB_PORT: '3307',
      DB_SOCKET: '/run/mysqld/mysqld.sock',
      DB_DATABASE: 'games',
      DB_USERNAME: 'someone',
      DB_PASSWORD: 's e#cret',
      DB_PREFIX: 'p_',
      DB_CHARSET: 'utf8',
      DB_COLLATION: 'utf8_bin',
      DB_TIMEZONE: '+02:00',
    };
    expect(settings(values)).toEqual({
      driver: 'mysql',
      connection: 'mariadb',
      host: 'db.example.com',
      port: 3307,
      socket: '/run/mysqld/mysqld.sock',
      database: 'games',
      user: 'someone',
      prefix: 'p_',
      charset: 'utf8',
      collation: 'utf8_bin',
      timeZone: '+02:00',
      tls: null,
    });
    expect(passwordOf(values)).toBe('s e#cret');
  });

  it('have the default where a variable is empty or null', () => {
    expect(settings({ DB_CONNECTION: '', DB_HOST: '', DB_PORT: 'null', DB_USERNAME: '(empty)' })).toEqual(
      mysqlDefaults,
    );
  });

  it('see values as the panel does', () => {
    expect(passwordOf({ DB_PASSWORD: '"quoted"' })).toBe('quoted');
    expect(passwordOf({ DB_PASSWORD: 'null' })).toBe('');
    expect(passwordOf({ DB_PASSWORD: 'true' })).toBe('1');
  });

  it.each(['0', '65536', '-1', '3306x', '1e3', '999999'])('refuse the port %s', (port) => {
    expect(() => settings({ DB_PORT: port })).toThrow(
      new OperatorError('DB_PORT (or the port in DB_URL) must be a whole number from 1 to 65535'),
    );
  });
});

describe('TLS', () => {
  const tls = (values: Record<string, string>) => {
    const database = settings(values);
    return database.driver === 'mysql' ? database.tls : undefined;
  };

  it('needs a file', () => {
    expect(tls({ MYSQL_ATTR_SSL_VERIFY_SERVER_CERT: 'true' })).toBeNull();
  });

  it('verifies unless told otherwise', () => {
    const ca = { ca: '/etc/ssl/ca.pem', cert: null, key: null };
    expect(tls({ MYSQL_ATTR_SSL_CA: '/etc/ssl/ca.pem' })).toEqual({ ...ca, verify: true });
    for (const verify of ['true', '1']) {
      expect(
        tls({ MYSQL_ATTR_SSL_CA: '/etc/ssl/ca.pem', MYSQL_ATTR_SSL_VERIFY_SERVER_CERT: verify }),
      ).toEqual({
        ...ca,
        verify: true,
      });
    }
    for (const verify of ['false', '0']) {
      expect(
        tls({ MYSQL_ATTR_SSL_CA: '/etc/ssl/ca.pem', MYSQL_ATTR_SSL_VERIFY_SERVER_CERT: verify }),
      ).toEqual({
        ...ca,
        verify: false,
      });
    }
  });

  it('finds relative paths in the folder', () => {
    expect(tls({ MYSQL_ATTR_SSL_CERT: 'tls/cert.pem', MYSQL_ATTR_SSL_KEY: 'tls/key.pem' })).toEqual({
      ca: null,
      cert: join(folder, 'tls/cert.pem'),
      key: join(folder, 'tls/key.pem'),
      verify: true,
    });
  });
});

describe('PostgreSQL', () => {
  it('has defaults of its own', () => {
    expect(settings({ DB_CONNECTION: 'pgsql' })).toEqual(pgsqlDefaults);
  });

  it('takes its variables', () => {
    const values = {
      DB_CONNECTION: 'pgsql',
      DB_HOST: 'db',
      DB_PORT: '6432',
      DB_DATABASE: 'd',
      DB_USERNAME: 'u',
      DB_PASSWORD: 'secret',
      DB_PREFIX: 'p_',
      DB_CHARSET: 'latin1',
      DB_SCHEMA: 'games',
      DB_SSLMODE: 'verify-ca',
    };
    expect(settings(values)).toEqual({
      ...pgsqlDefaults,
      host: 'db',
      port: 6432,
      database: 'd',
      user: 'u',
      prefix: 'p_',
      charset: 'latin1',
      schema: 'games',
      sslMode: 'verify',
    });
    expect(passwordOf(values)).toBe('secret');
  });
});

describe('SQLite', () => {
  const file = (values: Record<string, string>) => {
    const database = settings({ DB_CONNECTION: 'sqlite', ...values });
    return database.driver === 'sqlite' ? database.file : undefined;
  };

  it('finds its file', () => {
    expect(file({})).toBe(join(folder, 'database/database.sqlite'));
    expect(file({ DB_DATABASE: 'panel.sqlite' })).toBe(join(folder, 'database/panel.sqlite'));
    expect(file({ DB_DATABASE: '/srv/panel.sqlite' })).toBe('/srv/panel.sqlite');
    expect(file({ DB_URL: 'sqlite:////srv/panel.sqlite' })).toBe('/srv/panel.sqlite');
    expect(file({ DB_URL: 'sqlite:///data/panel.sqlite' })).toBe(join(folder, 'data/panel.sqlite'));
  });

  it('is refused in memory', () => {
    expect(() => file({ DB_DATABASE: ':memory:' })).toThrow(
      new OperatorError(
        'DB_DATABASE is ":memory:", a database that only the panel\'s own process can see: use a file',
      ),
    );
  });
});

describe('a URL', () => {
  it('overrides what it names and leaves the rest', () => {
    const values = {
      DB_CONNECTION: 'mysql',
      DB_URL: 'mysql://u:pass%20word@db.example.com',
      DATABASE_URL: 'mysql://never@used',
      DB_HOST: 'ignored',
      DB_PORT: '3307',
      DB_USERNAME: 'ignored',
      DB_PASSWORD: 'ignored',
      DB_DATABASE: 'games',
    };
    expect(settings(values)).toEqual({
      ...mysqlDefaults,
      host: 'db.example.com',
      port: 3307,
      user: 'u',
      database: 'games',
    });
    expect(passwordOf(values)).toBe('pass word');
  });

  it('decides the kind of database', () => {
    expect(settings({ DB_CONNECTION: 'mysql', DB_URL: 'postgres://' })).toEqual(pgsqlDefaults);
    expect(settings({ DATABASE_URL: 'mariadb://' })).toEqual({ ...mysqlDefaults, connection: 'mariadb' });
  });

  it('is named when it is malformed', () => {
    expect(() => settings({ DB_URL: '', DATABASE_URL: 'secret' })).toThrow(/^DATABASE_URL is malformed: /);
  });
});

describe('an unknown DB_CONNECTION', () => {
  it.each(['sqlsrv', 'MySQL', 'constructor'])('is refused: %s', (name) => {
    expect(() => settings({ DB_CONNECTION: name })).toThrow(
      new OperatorError(`DB_CONNECTION is "${name}", but must be one of mysql, mariadb, pgsql, sqlite`),
    );
  });
});

describe('printing', () => {
  it.each(['mysql', 'mariadb', 'pgsql'])('hides the password: %s', (connection) => {
    const database = settings({ DB_CONNECTION: connection, DB_PASSWORD: 'S3cret' });
    const printed = [
      JSON.stringify(database),
      inspect(database),
      inspect({ deep: [database] }, { depth: null, showHidden: true }),
      JSON.stringify({ ...database }),
      inspect({ ...database }, { showHidden: true }),
    ];
    expect(printed.join('\n')).not.toContain('S3cret');
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ user: expect.any(String), password: '[hidden]' });
  });

  it('leaves the settings immutable', () => {
    const database = settings({ DB_PASSWORD: 'S3cret' });
    expect(Object.isFrozen(database)).toBe(true);
    expect(Object.isFrozen(settings({ DB_CONNECTION: 'sqlite' }))).toBe(true);
  });
});
