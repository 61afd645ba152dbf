import type { Encrypter } from '../panel/encrypter.ts';
import { accountKeyType, type Panel } from '../panel/panel.ts';

/** A key about to be stored. */
export interface KeyToStore {
  readonly identifier: string;
  readonly secret: string;
  readonly description: string;
  /** JSON text. */
  readonly allowedIps: string | null;
  readonly expiresAt: Date | null;
}

/** The row of a new account key, its secret encrypted. @param now Column text. */
export function newKeyRow(panel: Panel, encrypter: Encrypter, userId: number, key: KeyToStore, now: string) {
  return {
    ...panel.newKeyColumns,
    user_id: userId,
    key_type: accountKeyType,
    identifier: key.identifier,
    token: panel.sealSecret(encrypter, key.secret),
    memo: key.description,
    allowed_ips: key.allowedIps,
    expires_at: key.expiresAt === null ? null : panel.clock.toColumn(key.expiresAt),
    created_at: now,
    updated_at: now,
  };
}
