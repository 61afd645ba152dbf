import type { Findings } from './findings.ts';

/** Something `doctor` looks at. */
export interface Check {
  /** Two words at most, for the report. */
  readonly name: string;
  /**
   * Looks, and answers with what it saw; what later checks build on it leaves in `findings`. Whatever it
   * throws is a failure, and asking for a finding that an earlier check could not make skips it.
   */
  run(findings: Findings): Promise<CheckResult> | CheckResult;
}

/** What a check saw. No secret may stand in it. */
export interface CheckResult {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** How to mend it, where the detail does not say. */
  readonly remedy?: string;
}

/** All is well. */
export function ok(detail: string): CheckResult {
  return { status: 'ok', detail };
}

/** It works, but not as it should, or not for long. */
export function warn(detail: string, remedy: string): CheckResult {
  return { status: 'warn', detail, remedy };
}

/** The service can't start, or can't do its work. */
export function fail(detail: string, remedy: string): CheckResult {
  return { status: 'fail', detail, remedy };
}
