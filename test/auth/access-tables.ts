import type { PanelName } from '../support/cells.ts';
import type { UserDetails } from '../support/panel-rows.ts';

/** Whom a caller asks about: somebody else, the own account, another admin, nobody there is. */
export const targets = ['other', 'own', 'admin', 'nobody'] as const;

/** One of those. */
export type Target = (typeof targets)[number];

/** A key that somebody calls with. */
export interface Caller {
  readonly owner: UserDetails;
  /** The key's key_type: 1 is an account key, 2 an application key. */
  readonly type: number;
  /** Its level on everything. */
  readonly acl: number;
}

const admin: UserDetails = { admin: true, totp: true };
const user: UserDetails = { totp: true };
const staff: UserDetails = { staff: true, totp: true };

const commonCallers = {
  full: { owner: admin, type: 2, acl: 3 },
  ro: { owner: admin, type: 2, acl: 1 },
  wo: { owner: admin, type: 2, acl: 2 },
  none: { owner: admin, type: 2, acl: 0 },
  demoted: { owner: user, type: 2, acl: 3 },
  user: { owner: user, type: 1, acl: 0 },
  root: { owner: admin, type: 1, acl: 0 },
  // The policy demands a second factor of everybody; this user has none.
  no2fa: { owner: {}, type: 1, acl: 0 },
};

/** Who calls, by the names in the tables. Only Pelican has admins who are no root admins. */
export const callers: Readonly<Record<PanelName, Readonly<Record<string, Caller>>>> = {
  pterodactyl: commonCallers,
  pelican: {
    ...commonCallers,
    staff: { owner: staff, type: 1, acl: 0 },
    staffApp: { owner: staff, type: 2, acl: 3 },
  },
};

/**
 * Who may do what, by the settings. `ok`, or why not: `gate` (no admin), `acl`, `target` (an admin's keys), `2fa`,
 * 404.
 */
const commonTables = {
  'self-service on, admin targets refused': `
    caller    does   other  own     admin   nobody
    full      list   ok     target  target  404
    full      write  ok     target  target  404
    ro        list   ok     target  target  404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     target  target  404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   ok      gate    404
    user      write  gate   ok      gate    404
    root      list   ok     ok      target  404
    root      write  ok     ok      target  404`,
  'self-service off, admin targets refused': `
    caller    does   other  own     admin   nobody
    full      list   ok     target  target  404
    full      write  ok     target  target  404
    ro        list   ok     target  target  404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     target  target  404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   gate    gate    404
    user      write  gate   gate    gate    404
    root      list   ok     target  target  404
    root      write  ok     target  target  404`,
  'self-service on, admin targets allowed': `
    caller    does   other  own     admin   nobody
    full      list   ok     ok      ok      404
    full      write  ok     ok      ok      404
    ro        list   ok     ok      ok      404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     ok      ok      404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   ok      gate    404
    user      write  gate   ok      gate    404
    root      list   ok     ok      ok      404
    root      write  ok     ok      ok      404`,
  'self-service off, admin targets allowed': `
    caller    does   other  own     admin   nobody
    full      list   ok     ok      ok      404
    full      write  ok     ok      ok      404
    ro        list   ok     ok      ok      404
    ro        write  acl    acl     acl     404
    wo        list   acl    acl     acl     404
    wo        write  ok     ok      ok      404
    none      list   acl    acl     acl     404
    none      write  acl    acl     acl     404
    demoted   list   gate   gate    gate    404
    demoted   write  gate   gate    gate    404
    user      list   gate   gate    gate    404
    user      write  gate   gate    gate    404
    root      list   ok     ok      ok      404
    root      write  ok     ok      ok      404`,
};

const ownRows: Readonly<Record<PanelName, Readonly<Record<keyof typeof commonTables, string>>>> = {
  pterodactyl: {
    'self-service on, admin targets refused': `
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
    'self-service off, admin targets refused': `
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
    'self-service on, admin targets allowed': `
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
    'self-service off, admin targets allowed': `
    no2fa     list   2fa    2fa     2fa     2fa
    no2fa     write  2fa    2fa     2fa     2fa`,
  },
  pelican: {
    'self-service on, admin targets refused': `
    no2fa     list   gate   ok      gate    404
    no2fa     write  gate   ok      gate    404
    staff     list   acl    target  acl     404
    staff     write  acl    target  acl     404
    staffApp  list   ok     target  target  404
    staffApp  write  ok     target  target  404`,
    'self-service off, admin targets refused': `
    no2fa     list   gate   gate    gate    404
    no2fa     write  gate   gate    gate    404
    staff     list   acl    acl     acl     404
    staff     write  acl    acl     acl     404
    staffApp  list   ok     target  target  404
    staffApp  write  ok     target  target  404`,
    'self-service on, admin targets allowed': `
    no2fa     list   gate   ok      gate    404
    no2fa     write  gate   ok      gate    404
    staff     list   acl    ok      acl     404
    staff     write  acl    ok      acl     404
    staffApp  list   ok     ok      ok      404
    staffApp  write  ok     ok      ok      404`,
    'self-service off, admin targets allowed': `
    no2fa     list   gate   gate    gate    404
    no2fa     write  gate   gate    gate    404
    staff     list   acl    acl     acl     404
    staff     write  acl    acl     acl     404
    staffApp  list   ok     ok      ok      404
    staffApp  write  ok     ok      ok      404`,
  },
};

const commonFreePorts = 'full ok   ro ok   wo acl   none acl   demoted gate   user gate   root ok';
const ownFreePorts = { pterodactyl: 'no2fa 2fa', pelican: 'no2fa gate   staff acl   staffApp ok' };

const words = (text: string) => text.trim().split(/\s+/);

/** A caller, what they do for whom, and what comes of it. */
export type AccessCase = readonly [caller: string, operation: string, target: Target, expected: string];

/** The tables of a panel as cases, by the title of their settings; to write is to create and to delete. */
export function accessCases(panel: PanelName): readonly (readonly [string, readonly AccessCase[]])[] {
  return Object.entries(ownRows[panel]).map(([title, own]) => {
    const lines = (commonTables[title as keyof typeof commonTables] + own).trim().split('\n').slice(1);
    return [title, lines.flatMap(casesOf)] as const;
  });
}

function casesOf(line: string): readonly AccessCase[] {
  const [caller = '', does, ...expected] = words(line);
  const operations = does === 'write' ? ['create', 'delete'] : ['list'];
  return operations.flatMap((operation) =>
    targets.map((target, index) => [caller, operation, target, expected[index] ?? ''] as const),
  );
}

/** Who may list free ports, whatever the settings. */
export function freePortCases(panel: PanelName): readonly (readonly [caller: string, expected: string])[] {
  const cells = words(`${commonFreePorts} ${ownFreePorts[panel]}`);
  return cells.flatMap((caller, index) => (index % 2 ? [] : ([[caller, cells[index + 1] ?? '']] as const)));
}
