import { shellCaller } from '../api-keys/caller-bounds.ts';
import { recordMinted } from '../api-keys/create-key.ts';
import { deleteKeysWithin } from '../api-keys/delete-keys.ts';
import { type MintedKey, mintKey } from '../api-keys/mint-key.ts';
import { throwAwayMemo } from '../housekeeping/left-keys.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
import { noOutbox } from '../webhooks/outbox.ts';

/** How long the key lives where nobody gets to delete it, in milliseconds. */
const longestLife = 60_000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Makes a key of a user that may read the account, lets `use` send it, and deletes it, whatever happens. A
 * signal ends `use` first, and the process once the key is gone. Both changes are in the activity log; no
 * webhook is told, as receivers would take it for a customer's.
 *
 * @param use Gets what a client sends, and the signal that ends it.
 */
export async function withThrowAwayKey<Result>(
  all: Services,
  userId: number,
  use: (bearer: string, interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const services = { ...all, outbox: noOutbox };
  const interruption = new AbortController();
  let received: NodeJS.Signals | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    received = signal;
    interruption.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const minted = await mint(services, userId);
    try {
      return await use(`${minted.key.identifier}${minted.secret}`, interruption.signal);
    } finally {
      await remove(services, minted);
    }
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    // Now it does what it always does.
    if (received !== null) process.kill(process.pid, received);
  }
}

function mint(services: Services, userId: number): Promise<MintedKey> {
  return services.userKeys.change(userId, async (held) => {
    const minted = await mintKey(services, held.queries, userId, {
      memo: throwAwayMemo,
      allowedIps: '[]',
      expiresAt: new Date(Date.now() + longestLife),
      own: { permissions: ['user.read'], servers: null, reference: null, rotatedFrom: null },
    });
    await recordMinted(services, held, shellCaller, minted, 'created', {});
    return minted;
  });
}

async function remove(services: Services, { key }: MintedKey): Promise<void> {
  try {
    await services.userKeys.change(key.userId, ({ queries }) =>
      deleteKeysWithin(services, queries, shellCaller.actor, [key]),
    );
  } catch (error) {
    throw new OperatorError(`the key ${key.identifier} could not be deleted (${error}): it ends in a minute`);
  }
}
