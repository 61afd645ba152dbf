import { type CheckReport, runChecks } from '../doctor/run-checks.ts';
import { findKeyOwner } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { colors, oneLine, print, printable, printJson } from './output.ts';
import type { PanelOptions } from './panel-context.ts';

const marks: Readonly<Record<CheckReport['status'], string>> = {
  ok: colors.green('✓'),
  warn: colors.yellow('!'),
  fail: colors.red('✗'),
  skip: colors.dim('-'),
};

/** Options of `doctor`. */
export interface DoctorOptions extends PanelOptions, JsonOption {
  readonly url?: string;
  readonly user?: string;
}

/** Checks everything the service needs, and says how to mend what is wrong. Exits with 1 if anything fails. */
export async function doctor({ panel, config, url, user, json }: DoctorOptions): Promise<void> {
  const checks = await runChecks({
    ...{ panel, config: config ?? null, processEnv: process.env },
    ...(url === undefined ? {} : { url }),
    ...(user === undefined ? {} : { owner: (services) => findKeyOwner(services, user) }),
  });
  const isFit = checks.every(({ status }) => status !== 'fail');
  if (json) printJson({ ok: isFit, checks });
  else print(checks.map(toLine).join('\n'));
  if (!isFit) process.exitCode = 1;
}

function toLine({ name, status, detail, remedy }: CheckReport): string {
  const text = printable(oneLine(detail));
  const outcome = status === 'skip' ? colors.dim(`skipped: ${text}`) : text;
  return `${marks[status]} ${name.padEnd(15)}  ${outcome}${remedy === undefined ? '' : ` ${colors.bold('→')} ${remedy}`}`;
}
