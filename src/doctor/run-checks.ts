import { firstLine, OperatorError } from '../operator-error.ts';
import { checkAppKeyOpens } from './app-key.ts';
import { checkCachedConfig } from './cached-config.ts';
import type { Check, CheckResult } from './check.ts';
import { checkClocks } from './clocks.ts';
import { checkConfiguration } from './configuration.ts';
import { checkDatabase } from './database.ts';
import { checkEnvironment } from './environment.ts';
import { type DoctorTarget, Findings, MissingFinding } from './findings.ts';
import { checkLeastPrivilege } from './least-privilege.ts';
import { checkOwnRows } from './own-rows.ts';
import { checkOwnTables } from './own-tables.ts';
import { checkPrivileges } from './privileges.ts';
import { checkProxies } from './proxies.ts';
import { checkRateLimits } from './rate-limits.ts';
import { checkReplica } from './replica.ts';
import { checkScopes } from './scopes.ts';
import { checkTables } from './tables.ts';
import { checkTimeZone } from './time-zone.ts';
import { checkTwoFactor } from './two-factor.ts';
import { checkWebhooks } from './webhooks.ts';

/** What became of one check. */
export interface CheckReport {
  readonly name: string;
  /** `skip`: what it builds on is not there. */
  readonly status: CheckResult['status'] | 'skip';
  readonly detail: string;
  readonly remedy?: string;
}

/** Every check, those that others build on first. */
const checks: readonly Check[] = [
  checkEnvironment,
  checkConfiguration,
  checkCachedConfig,
  checkDatabase,
  checkTables,
  checkAppKeyOpens,
  checkPrivileges,
  checkLeastPrivilege,
  checkClocks,
  checkTimeZone,
  checkTwoFactor,
  checkProxies,
  checkRateLimits,
  checkReplica,
  checkWebhooks,
  checkOwnTables,
  checkOwnRows,
  checkScopes,
];

/** Runs every check. It changes nothing but for a key that it makes and deletes: what else it writes it rolls back. */
export async function runChecks(target: DoctorTarget): Promise<readonly CheckReport[]> {
  const findings = new Findings(target);
  const reports: CheckReport[] = [];
  try {
    for (const check of checks) reports.push({ name: check.name, ...(await outcome(check, findings)) });
    return reports;
  } finally {
    await findings.close();
  }
}

async function outcome(check: Check, findings: Findings): Promise<Omit<CheckReport, 'name'>> {
  try {
    return await check.run(findings);
  } catch (error) {
    if (error instanceof MissingFinding) return { status: 'skip', detail: error.message };
    if (error instanceof OperatorError) return { status: 'fail', detail: error.message };
    return { status: 'fail', detail: firstLine(error) };
  }
}
