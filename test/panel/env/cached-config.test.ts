import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCachedConfig } from '../../../src/panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../../../src/panel/env/cached-config-differences.ts';
import { loadPanelEnv } from '../../../src/panel/env/panel-env.ts';

const sample = new URL('cached-config.php.txt', import.meta.url);
const appKey = 'base64:APsfLj1MW2p5iJemtcTT4vEAESIzRFVmd4iZqrvM3f8=';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'panel-'));
  mkdirSync(join(folder, 'bootstrap', 'cache'), { recursive: true });
  file = join(folder, 'bootstrap', 'cache', 'config.php');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Writes the sample with some of its text replaced. */
function write(...replacements: [string, string][]): void {
  writeFileSync(
    file,
    replacements.reduce((text, [from, to]) => text.replace(from, () => to), readFileSync(sample, 'utf8')),
  );
}

/** Sentences for the file beside an environment that equals the sample, some variables replaced. */
function differences(variables: Record<string, string> = {}): string[] {
  const cached = readCachedConfig(folder);
  if (cached === null) throw new Error('no file');
  return cachedConfigDifferences(
    cached,
    loadPanelEnv(folder, {
      APP_KEY: appKey,
      APP_TIMEZONE: 'Europe/Berlin',
      DB_CONNECTION: 'mysql',
      DB_PASSWORD: "p'a\\ss",
      ...variables,
    }),
  );
}

describe('readCachedConfig', () => {
  it('is null without the file', () => {
    expect(readCachedConfig(folder)).toBeNull();
    expect(readCachedConfig(join(folder, 'nowhere'))).toBeNull();
  });

  it('reads what PHP wrote', () => {
    copyFileSync(sample, file);
    const cached = readCachedConfig(folder);
    expect(cached).toEqual({
      readable: true,
      file,
      timeZone: 'Europe/Berlin',
      database: {
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
      },
    });
    expect(cached?.readable && cached.appKey).toBe(appKey);
  });

  it('shows neither key nor password', () => {
    copyFileSync(sample, file);
    const cached = readCachedConfig(folder);
    const printed = [JSON.stringify(cached), inspect(cached, { depth: null, showHidden: true })].join('\n');
    expect(printed).toContain('pterodactyl');
    expect(printed).not.toContain(appKey);
    expect(printed).not.toContain('a\\\\ss');
  });

  it.each([
    ['another program', 'secret', '"<?php return" expected at character 1'],
    [
      'half a file',
      "<?php return array ('app' => array ('key' => 'sec",
      'end of the file inside a value at character 46',
    ],
    ['a huge file', ' '.repeat(4 * 1024 * 1024 + 1), 'it is larger than 4 MiB'],
  ])('says why it cannot read %s', (_, text, reason) => {
    writeFileSync(file, text);
    expect(readCachedConfig(folder)).toEqual({ readable: false, file, reason });
  });

  it('says why it cannot read a folder', () => {
    mkdirSync(file);
    expect(readCachedConfig(folder)).toEqual({ readable: false, file, reason: 'EISDIR' });
  });

  it('reads a file that says nothing of interest', () => {
    writeFileSync(file, "<?php return array ('app' => NULL, 'database' => array ('default' => 'oracle'));");
    const cached = readCachedConfig(folder);
    expect(cached).toEqual({ readable: true, file, timeZone: null, database: null });
    expect(cached?.readable && cached.appKey).toBeNull();
  });
});

describe('cachedConfigDifferences', () => {
  it('finds none where both say the same', () => {
    write();
    expect(differences()).toEqual([]);
  });

  it('takes a URL apart before it compares', () => {
    write(
      ["'url' => NULL", "'url' => 'mysql://pterodactyl:p%27a%5Css@127.0.0.1:3306/panel'"],
      ["'host' => '127.0.0.1'", "'host' => 'unused'"],
    );
    expect(differences()).toEqual([]);
  });

  it('has one sentence per difference, in which secrets are not shown', () => {
    write();
    expect(
      differences({
        APP_KEY: 'abcdefghijklmnopqrstuvwxyzABCDEF',
        APP_TIMEZONE: 'UTC',
        DB_CONNECTION: 'mariadb',
        DB_HOST: 'db.example.com',
        DB_PORT: '3307',
        DB_SOCKET: '/run/db.sock',
        DB_DATABASE: 'games',
        DB_USERNAME: 'someone',
        DB_PASSWORD: 'other',
      }),
    ).toEqual([
      "The APP_KEY in the panel's cached configuration is not the one in the environment.",
      'The time zone in the panel\'s cached configuration is "Europe/Berlin", in the environment "UTC".',
      'The database connection in the panel\'s cached configuration is "mysql", in the environment "mariadb".',
      'The database host in the panel\'s cached configuration is "127.0.0.1", in the environment "db.example.com".',
      'The database port in the panel\'s cached configuration is "3306", in the environment "3307".',
      'The database socket in the panel\'s cached configuration is not set, in the environment "/run/db.sock".',
      'The database name in the panel\'s cached configuration is "panel", in the environment "games".',
      'The database user in the panel\'s cached configuration is "pterodactyl", in the environment "someone".',
      "The database password in the panel's cached configuration is not the one in the environment.",
    ]);
  });

  it('says only the connection where the kinds of database differ', () => {
    write();
    expect(differences({ DB_CONNECTION: 'sqlite' })).toEqual([
      'The database connection in the panel\'s cached configuration is "mysql", in the environment "sqlite".',
    ]);
  });

  it('compares SQLite files', () => {
    write(
      ["'default' => 'mysql'", "'default' => 'sqlite'"],
      [
        "'connections' => \n    array (",
        "'connections' => array ('sqlite' => array ('database' => '/srv/a.sqlite'),",
      ],
    );
    const sqlite = { DB_CONNECTION: 'sqlite', DB_PASSWORD: '' };
    expect(differences({ ...sqlite, DB_DATABASE: '/srv/a.sqlite' })).toEqual([]);
    expect(differences({ ...sqlite, DB_DATABASE: '/srv/b.sqlite' })).toEqual([
      'The database file in the panel\'s cached configuration is "/srv/a.sqlite", in the environment "/srv/b.sqlite".',
    ]);
  });

  it('compares keys by their bytes', () => {
    write(['base64:APsfLj1MW2p5iJemtcTT4vEAESIzRFVmd4iZqrvM3f8=', 'abcdefghijklmnopqrstuvwxyzABCDEF']);
    const encoded = Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEF').toString('base64');
    expect(differences({ APP_KEY: `base64:${encoded}` })).toEqual([]);
  });

  it.each([
    ['no key', 'NULL'],
    ['a key of the wrong length', "'short'"],
  ])('tells of %s', (_, key) => {
    write([`'${appKey}'`, key]);
    expect(differences()).toEqual([
      "The APP_KEY in the panel's cached configuration is not the one in the environment.",
    ]);
  });

  it('tells of an unknown connection', () => {
    write(["'default' => 'mysql'", "'default' => 'sqlsrv'"]);
    expect(differences()).toEqual([
      "The panel's cached configuration has no database connection of a known kind.",
    ]);
  });

  it('tells that the file cannot be read', () => {
    writeFileSync(file, 'secret');
    expect(differences()).toEqual([
      'The panel\'s cached configuration can\'t be read: "<?php return" expected at character 1.',
    ]);
  });
});
