import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { migrationRequired } from '../api-error.ts';
import { describeOnce, type OnceRequest } from '../idempotency/once.ts';
import { cleanInput } from '../input/input.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import { callerOf } from './caller.ts';

/** Header of the requests that can be repeated safely. */
export const idempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: 'Repeats with the same key and body within 24 hours get the first answer.' }),
  ),
});

/**
 * What tells this request from others where it has an Idempotency-Key, else null.
 *
 * @throws ApiError 501 without the own tables, 400 for a key that is none.
 */
export function onceOf(request: FastifyRequest, hasOwnTables: boolean): OnceRequest | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (!hasOwnTables) throw migrationRequired(migrateCommand);
  const [path = ''] = request.url.split('?', 1);
  return describeOnce({
    credentialId: callerOf(request).credential.id,
    method: request.method,
    path: path.replace(/\/$/, ''),
    key: String(key),
    input: cleanInput(request.bodyFields),
  });
}
