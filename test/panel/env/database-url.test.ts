import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/operator-error.ts';
import { parseDatabaseUrl } from '../../../src/panel/env/database-url.ts';

function read(url: string): [string, Record<string, string>] {
  const { connection, variables } = parseDatabaseUrl(url, 'DB_URL');
  return [connection, Object.fromEntries(variables)];
}

describe('parseDatabaseUrl', () => {
  it('reads every part, percent-decoded', () => {
    expect(
      read(
        'mysql://us%65r:p%40s%2Fs%25%C3%A9@db.example.com:3307/my%20panel?charset=utf8&prefix=p_&unused=1',
      ),
    ).toEqual([
      'mysql',
      {
        DB_USERNAME: 'user',
        DB_PASSWORD: 'p@s/s%é',
        DB_HOST: 'db.example.com',
        DB_PORT: '3307',
        DB_DATABASE: 'my panel',
        DB_CHARSET: 'utf8',
        DB_PREFIX: 'p_',
      },
    ]);
  });

  it('reads the other query parameters that mean something', () => {
    expect(
      read('mariadb://h/?unix_socket=%2Frun%2Fdb.sock&collation=utf8mb4_bin&timezone=%2B00:00&search_path=s'),
    ).toEqual([
      'mariadb',
      {
        DB_HOST: 'h',
        DB_SOCKET: '/run/db.sock',
        DB_COLLATION: 'utf8mb4_bin',
        DB_TIMEZONE: '+00:00',
        DB_SCHEMA: 's',
      },
    ]);
  });

  it.each([
    ['mysql://', 'mysql', {}],
    ['mysql2://h', 'mysql', { DB_HOST: 'h' }],
    ['mysql://h/', 'mysql', { DB_HOST: 'h' }],
    ['mysql://u@h', 'mysql', { DB_USERNAME: 'u', DB_HOST: 'h' }],
    ['mysql://u:@h', 'mysql', { DB_USERNAME: 'u', DB_HOST: 'h' }],
    ['mysql://u:p@w:d@h', 'mysql', { DB_USERNAME: 'u', DB_PASSWORD: 'p@w:d', DB_HOST: 'h' }],
    ['mysql://u:100%@h', 'mysql', { DB_USERNAME: 'u', DB_PASSWORD: '100%', DB_HOST: 'h' }],
    ['mysql://[::1]:3306/p', 'mysql', { DB_HOST: '::1', DB_PORT: '3306', DB_DATABASE: 'p' }],
    ['pgsql://h/p', 'pgsql', { DB_HOST: 'h', DB_DATABASE: 'p' }],
    ['postgres://h/p', 'pgsql', { DB_HOST: 'h', DB_DATABASE: 'p' }],
    ['postgresql://h/p', 'pgsql', { DB_HOST: 'h', DB_DATABASE: 'p' }],
    ['sqlite:///in/folder.sqlite', 'sqlite', { DB_DATABASE: 'in/folder.sqlite' }],
    ['sqlite3:////abs/db.sqlite', 'sqlite', { DB_DATABASE: '/abs/db.sqlite' }],
  ])('%s', (url, connection, variables) => {
    expect(read(url)).toEqual([connection, variables]);
  });

  it.each([
    'secret',
    'mysql:secret',
    'mysql://user:sec#ret@h/p',
    'mysql://u:secret@h:port/p',
    'mysql://u:secret@a:b:c',
  ])('refuses %s without showing it', (url) => {
    expect(() => parseDatabaseUrl(url, 'DATABASE_URL')).toThrow(
      new OperatorError(
        'DATABASE_URL is malformed: write mysql://user:password@host:3306/panel, special characters as %XX',
      ),
    );
  });

  it('refuses an unknown scheme', () => {
    expect(() => parseDatabaseUrl('sqlsrv://u:secret@h/p', 'DB_URL')).toThrow(
      new OperatorError(
        'DB_URL must begin with one of mysql, mysql2, mariadb, pgsql, postgres, postgresql, sqlite, sqlite3, then "://"',
      ),
    );
  });

  it('reads back any user, password and database', () => {
    const part = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(part, part, part, (user, password, database) => {
        const url = `mysql://${[user, password].map(encodeURIComponent).join(':')}@h/${encodeURIComponent(database)}`;
        expect(read(url)[1]).toEqual({
          DB_USERNAME: user,
          DB_PASSWORD: password,
          DB_HOST: 'h',
          DB_DATABASE: database,
        });
      }),
    );
  });
});
