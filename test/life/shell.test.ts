import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, failure, run } from '../support/cli.ts';
import { type Life, lifeCells, recordedOf, startLife, works } from '../support/life.ts';
import { findPrograms } from '../support/programs.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';

const execute = promisify(execFile);
const dayMs = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) =>
  new Date(Date.now() - days * dayMs).toISOString().slice(0, 19).replace('T', ' ');

describe.each(lifeCells)('keys from the shell, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell);
  });
  afterAll(() => life.close());

  const keys = (...args: readonly string[]) => run(['keys', ...args, '--panel', life.panel.folder]);

  interface Ages {
    readonly made?: number | null;
    readonly used?: number;
    readonly endedFor?: number;
    readonly disabled?: boolean;
    readonly allowedIps?: string;
    readonly type?: number;
  }

  /** A key that was made, last used and ended so many days ago. */
  async function key(owner: SeededUser, memo: string, ages: Ages): Promise<SeededKey> {
    const { made = 0, used, endedFor, disabled = false, type = 1 } = ages;
    const { allowedIps = life.panel.traits.unrestricted } = ages;
    const seeded = await life.seed.key(owner, { type, memo, allowedIps });
    await life.panel.execute(
      'update api_keys set created_at = ?, updated_at = ?, last_used_at = ?, expires_at = ? where id = ?',
      [
        ...[made === null ? null : daysAgo(made), daysAgo(0), used === undefined ? null : daysAgo(used)],
        disabled ? '1971-01-02 00:00:00' : endedFor === undefined ? null : daysAgo(endedFor),
        seeded.id,
      ],
    );
    if (disabled) {
      await life.panel.execute(
        'insert into sidecar_keys (api_key_id, identifier, disabled_at, expires_at) values (?, ?, 1, ?)',
        [seeded.id, seeded.identifier, endedFor === undefined ? null : Date.now() - endedFor * dayMs],
      );
    }
    return seeded;
  }

  describe('prune', () => {
    let user: SeededUser;
    let boss: SeededUser;
    const names = new Map<string, string>();
    beforeAll(async () => {
      user = await life.seed.user();
      boss = await life.seed.user({ admin: true });
      const given: readonly (readonly [SeededUser, string, Ages])[] = [
        [user, 'new', { made: 29 }],
        [user, 'old, never used', { made: 31 }],
        [user, 'old, used', { made: 400, used: 29 }],
        [user, 'old, used long ago', { made: 400, used: 31 }],
        [user, 'of unknown age', { made: null }],
        [user, 'ended', { made: 2, used: 1, endedFor: 1 }],
        [user, 'disabled', { made: 31, disabled: true }],
        [user, 'disabled and ended', { made: 31, disabled: true, endedFor: 1 }],
        [user, 'an application key', { made: 400, type: 2 }],
        [boss, 'an admin’s', { made: 31 }],
        [boss, 'an admin’s, ended', { made: 1, used: 1, endedFor: 1 }],
      ];
      for (const [owner, memo, ages] of given) names.set((await key(owner, memo, ages)).identifier, memo);
    });

    const left = async () => {
      const rows = await life.panel.query('select identifier from api_keys order by id');
      return rows.map(({ identifier }) => names.get(String(identifier))).filter((name) => name !== undefined);
    };
    const dry = async (...options: readonly string[]) => {
      const { code, stdout, stderr } = await keys('prune', '--dry-run', '--json', ...options);
      expect(code).toBe(0);
      const { dry_run, pruned } = JSON.parse(stdout) as {
        dry_run: boolean;
        pruned: { description: string }[];
      };
      expect(dry_run).toBe(true);
      const found = pruned.map(({ description }) => description);
      expect(stderr).toBe(`10 keys looked at, ${found.length} to prune\n`);
      return found;
    };

    it('picks keys that nobody has used for so many days, or that have ended, and says so only', async () => {
      expect(await dry('--unused-days', '30')).toEqual(['old, never used', 'old, used long ago']);
      expect(await dry('--unused-days', '401', '--expired')).toEqual(['ended']);
      expect(await dry('--expired', '--include-disabled', '--include-admins')).toEqual([
        ...['ended', 'disabled and ended', 'an admin’s, ended'],
      ]);
      expect(await left()).toEqual([...names.values()]);
      expect(await activities(life.panel, "event = 'user:api-key.delete'")).toEqual([]);
    }, 60_000);

    it('deletes them with their rows, recorded without an actor, and prints a table', async () => {
      const [used] = await life.panel.query(
        "select last_used_at from api_keys where memo = 'old, used long ago'",
      );
      const { code, stdout, stderr } = await keys('prune', '--unused-days', '30');
      expect([code, stderr]).toEqual([0, '10 keys looked at, 2 to prune\n']);
      const [first, second] = [...names]
        .filter(([, memo]) => /never|long ago/.test(memo))
        .map(([name]) => name);
      const owner = `user${user.id}`;
      expect(stdout.split('\n')).toEqual([
        `IDENTIFIER        ${'USER'.padEnd(owner.length)}  DESCRIPTION         LAST USED`,
        `${first}  ${owner}  old, never used     never`,
        `${second}  ${owner}  old, used long ago  ${used?.last_used_at}`,
        ...['2 keys pruned', ''],
      ]);
      expect(await left()).not.toContain('old, never used');
      expect(await left()).toHaveLength(names.size - 2);
      expect(await activities(life.panel, "event = 'user:api-key.delete'")).toEqual(
        [first, second].map((identifier) => ({
          ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: null, apiKeyId: null },
          ...{ properties: { identifier }, subjects: [`user ${user.id}`] },
        })),
      );

      const everything = await keys(
        'prune',
        '--unused-days',
        '0',
        '--include-admins',
        '--include-disabled',
        '--json',
      );
      expect(JSON.parse(everything.stdout)).toMatchObject({ dry_run: false });
      expect(await left()).toEqual(['of unknown age', 'an application key']);
      expect(await life.panel.query('select * from sidecar_keys')).toEqual([]);
      const none = await keys('prune', '--expired');
      expect([none.code, none.stdout]).toEqual([0, '0 keys pruned\n']);
    }, 60_000);

    it('wants to be told what', async () => {
      expect(await keys('prune')).toEqual(failure('say what to prune: --unused-days N, --expired, or both'));
    });
  });

  describe('audit', () => {
    it('tells why keys deserve a second look, as a table and for programs', async () => {
      await life.panel.execute('delete from api_keys where key_type = 1');
      const user = await life.seed.user();
      const boss = await life.seed.user({ admin: true });
      const fine = await key(user, 'fine', { made: 1, used: 0, allowedIps: '["10.0.0.0\\/8"]' });
      const lax = await key(user, 'lax', { made: 1, used: 0 });
      const old = await key(user, 'old', { made: 401, allowedIps: '["::1"]' });
      const all = await key(boss, 'all\u001b[31m', { made: 401 });
      const findings = [
        [lax, user, 'lax', ['anywhere']],
        [old, user, 'old', ['never used', 'old']],
        [all, boss, 'all\u001b[31m', ['anywhere', 'never used', 'admin', 'old']],
      ] as const;
      const json = await keys('audit', '--older-than-days', '400', '--json');
      expect(json.stderr).toBe('4 keys looked at\n');
      expect(JSON.parse(json.stdout)).toEqual({
        keys: findings.map(([{ identifier }, { id }, description, why]) => ({
          ...{ identifier, user_id: id, description, findings: why },
        })),
      });
      const table = await keys('audit', '--older-than-days', '400');
      const width = `user${boss.id}`.length;
      expect(table.stdout.split('\n')).toEqual([
        `IDENTIFIER        ${'USER'.padEnd(width)}  DESCRIPTION  WHY`,
        `${lax.identifier}  ${`user${user.id}`.padEnd(width)}  lax          anywhere`,
        `${old.identifier}  ${`user${user.id}`.padEnd(width)}  old          never used, old`,
        `${all.identifier}  user${boss.id}  all\ufffd[31m     anywhere, never used, admin, old`,
        '',
      ]);
      expect(table.stdout).not.toContain(fine.identifier);

      await life.panel.execute('delete from api_keys where id <> ? and key_type = 1', [fine.id]);
      const nothing = await keys('audit');
      expect([nothing.code, nothing.stdout]).toEqual([0, 'nothing to say of any key\n']);
      expect(await activities(life.panel, "event like 'user:api-key.view'")).toEqual([]);
    }, 60_000);

    it('colours its heading on a terminal only, and not where NO_COLOR is set', async () => {
      await key(await life.seed.user(), 'shown', {});
      const { script } = await findPrograms(['script'], 'bsdutils');
      const command = `${process.execPath} ${binary} keys audit --panel ${life.panel.folder}`;
      const onTerminal = async (env: Readonly<Record<string, string>>) => {
        const options = { env: { PATH: process.env.PATH, TERM: 'xterm', ...env } };
        return (await execute(script, ['-qec', command, '/dev/null'], options)).stdout;
      };
      expect(await onTerminal({})).toContain('\u001b[1mIDENTIFIER');
      const plain = await onTerminal({ NO_COLOR: '1' });
      expect(plain).toContain('IDENTIFIER');
      expect(plain).not.toContain('\u001b[1m');
    }, 60_000);
  });

  describe('rotate', () => {
    it('prints the new key alone, and ends the old one at once or later', async () => {
      const user = await life.seed.user();
      const first = await key(user, 'rotated', {});
      const made = new RegExp(`^${life.panel.traits.prefixes.account}[A-Za-z0-9]{43}\n$`);
      const second = await keys('rotate', String(user.id), first.identifier);
      expect(second).toMatchObject({
        ...{ code: 0, stdout: expect.stringMatching(made) as string },
        stderr: `The new key of user ${user.id} (user${user.id}) in place of ${first.identifier}, shown this once:\n`,
      });
      const bearer = second.stdout.trim();
      expect([await works(life, user, first), await works(life, user, { bearer })]).toEqual([false, true]);
      const identifier = bearer.slice(0, 16);
      const [row] = await accountKeysOf(life.panel, user);
      expect(await recordedOf(life.panel, 'user:api-key.create', { identifier })).toEqual([
        {
          ...{ event: 'user:api-key.create', ip: '127.0.0.1', actor: null, apiKeyId: null },
          properties: { identifier, rotated_from: first.identifier },
          subjects: [`user ${user.id}`, `api_key ${row?.id}`],
        },
      ]);

      const third = await keys('rotate', `user${user.id}`, identifier, '--grace-seconds', '600', '--json');
      expect(third.stderr).toBe('');
      expect(JSON.parse(third.stdout)).toMatchObject({
        attributes: { rotated_from: identifier, description: 'rotated' },
        meta: { secret_token: expect.stringMatching(/^[A-Za-z0-9]{32}$/) as string },
      });
      expect(await works(life, user, { bearer })).toBe(true);

      expect(await keys('rotate', String(user.id), identifier)).toEqual(
        failure('This key has been replaced already.'),
      );
      expect(await keys('rotate', String(user.id), 'ptlc_AAAAAAAAAAA')).toEqual(
        failure(`user ${user.id} (user${user.id}) has no account key ptlc_AAAAAAAAAAA`),
      );
      expect(await keys('rotate', String(user.id), bearer)).toEqual(
        failure('an identifier is the first 16 characters of a key, and no more'),
      );
      const boss = await life.seed.user({ admin: true });
      const bosses = await life.seed.key(boss, { type: 1 });
      expect((await keys('rotate', String(boss.id), bosses.identifier)).stderr).toContain('is an admin');
    }, 60_000);
  });
});
