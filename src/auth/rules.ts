import type { RefusalReason } from '../audit/activity.ts';
import { accountKeyType, type Credential, type Panel, type TargetUser } from '../panel/panel.ts';
import type { Access } from './access.ts';

/** The operator's choices that decide who may do what. */
export interface AccessPolicy {
  readonly selfService: boolean;
  readonly allowAdminTargets: boolean;
}

/** Whether the caller acts on their own account with a key of that account. */
export function isSelfService(
  policy: AccessPolicy,
  access: Access,
  credential: Credential,
  target: TargetUser | null,
): boolean {
  if (!policy.selfService || !access.selfService || target === null) return false;
  return credential.keyType === accountKeyType && credential.owner.id === target.id;
}

/** The panel's gate: the API is for admins, and for users on their own account. */
export function passesAdminGate(credential: Credential, isOwnAccount: boolean): boolean {
  return credential.owner.isAdmin || isOwnAccount;
}

/**
 * Whether a target's keys are out of reach: a key of an admin is worth that admin's powers, so they are
 * unless the operator allows it.
 */
export function isGuardedTarget(
  { allowAdminTargets }: Pick<AccessPolicy, 'allowAdminTargets'>,
  target: TargetUser,
): boolean {
  return target.isAdmin && !allowAdminTargets;
}

/**
 * Why the caller may not do this to the target, or null where they may.
 *
 * Nobody reaches an admin's keys by a grant on users alone; only a root admin's own account key reaches that
 * admin's own.
 */
export function refusalReason(
  panel: Panel,
  policy: AccessPolicy,
  access: Access,
  credential: Credential,
  target: TargetUser | null,
): RefusalReason | null {
  const isOwnAccount = isSelfService(policy, access, credential, target);
  if (!isOwnAccount && !panel.allows(credential, access.resource, access.level)) return 'acl';
  if (!access.guardsAdmins || target === null || !isGuardedTarget(policy, target)) return null;
  return isOwnAccount && credential.owner.isRootAdmin ? null : 'admin-target';
}
