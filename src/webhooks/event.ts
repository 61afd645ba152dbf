/** What happened to a key. */
export type KeyEventType = 'created' | 'rotated' | 'revoked' | 'expiring';

/** An event that webhooks are told. */
export interface KeyEvent {
  readonly type: KeyEventType;
  readonly identifier: string;
  readonly userId: number;
}
