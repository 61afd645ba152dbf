import type { Encrypter } from '../panel/encrypter.ts';
import { accountKeyType, type Panel } from '../panel/panel.ts';
import { phpJson } from '../panel/php-json.ts';
import type { AllowedIps } from './api-key.ts';

/** A key about to be stored. */
export interface KeyToStore {
  readonly identifier: string;
  readonly secret: string;
  readonly description: string;
  readonly allowedIps: AllowedIps;
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
    allowed_ips: phpJson(key.allowedIps),
    expires_at: key.expiresAt === null ? null : panel.clock.toColumn(key.expiresAt),
    created_at: now,
    updated_at: now,
  };
}
