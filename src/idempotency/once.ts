import { createHash } from 'node:crypto';
import { badRequest, conflict, payloadTooLarge } from '../api-error.ts';
import type { Database, Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { invalid } from '../input/invalid.ts';
import type { Encrypter } from '../panel/encrypter.ts';

/** How long an answer is kept, in milliseconds. */
const keptMs = 24 * 60 * 60 * 1000;
/** What a TEXT column of MySQL holds, in bytes. */
const longestAnswer = 65_535;
const printable = /^[\x20-\x7e]{1,255}$/;

/** One request that must take effect once, however often it is sent. */
export interface OnceRequest {
  /** Tells the request from all others: the same caller, method, path and Idempotency-Key. */
  readonly fingerprint: string;
  /** Tells its input from other inputs. */
  readonly inputHash: string;
}

/** What a request is told apart by. */
export interface OnceIdentity {
  readonly credentialId: number;
  readonly method: string;
  /** Without query, as routed. */
  readonly path: string;
  /** The Idempotency-Key header. */
  readonly key: string;
  /** The cleaned body. The query is no part of it: it may ask for another view of the same answer. */
  readonly input: unknown;
}

/** @throws ApiError 400 for a key that is no printable ASCII of 1 to 255 characters. */
export function describeOnce({ credentialId, method, path, key, input }: OnceIdentity): OnceRequest {
  if (!printable.test(key)) {
    throw badRequest('The Idempotency-Key header must be 1 to 255 printable ASCII characters.');
  }
  return {
    fingerprint: sha256(JSON.stringify([credentialId, method, path, key])),
    inputHash: sha256(canonicalJson(input)),
  };
}

/** JSON that is the same in whatever order the members of objects were sent. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Thrown within a transaction whose request has been answered before; the transaction changes nothing. */
export class RepeatedRequest extends Error {
  override name = 'RepeatedRequest';
}

/** Remembers the answers of requests that must take effect once. */
export class IdempotencyStore {
  readonly #database: Database;
  readonly #encrypter: Encrypter;

  constructor(database: Database, encrypter: Encrypter) {
    this.#database = database;
    this.#encrypter = encrypter;
  }

  /**
   * Forgets the request's answer if it is too old to be repeated, before the transaction of `claimWithin`: within
   * it, InnoDB would keep the gap locked in which others want to insert.
   */
  async forgetOutdated({ fingerprint }: OnceRequest): Promise<void> {
    await this.#database.queries
      .deleteFrom('sidecar_idempotency')
      .where('fingerprint', '=', fingerprint)
      .where('created_at', '<', Date.now() - keptMs)
      .execute();
  }

  /**
   * Takes the request's place, as the first thing in the transaction that carries it out. A repeat that comes
   * meanwhile waits here until this transaction ends; if it fails, the repeat goes ahead instead.
   *
   * @throws RepeatedRequest
   */
  async claimWithin(queries: Queries, request: OnceRequest): Promise<void> {
    try {
      await queries
        .insertInto('sidecar_idempotency')
        .values({
          fingerprint: request.fingerprint,
          input_hash: request.inputHash,
          answer: null,
          resource: null,
          created_at: Date.now(),
        })
        .execute();
    } catch (error) {
      if (classifyFailure(error) !== 'duplicate') throw error;
      throw new RepeatedRequest('answered before', { cause: error });
    }
  }

  /** Whether the request has been answered: what it was to make may then be there no more for a repeat of it. */
  async wasAnswered({ fingerprint }: OnceRequest): Promise<boolean> {
    const row = await this.#database.queries
      .selectFrom('sidecar_idempotency')
      .select('id')
      .where('fingerprint', '=', fingerprint)
      .where('created_at', '>=', Date.now() - keptMs)
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * Keeps the answer, as the last thing in the transaction.
   *
   * @param resource Names what was made.
   * @throws ApiError 413 for an answer that the table cannot hold, which only a huge input leads to.
   */
  async keepWithin(queries: Queries, request: OnceRequest, answer: unknown, resource: string): Promise<void> {
    const kept = this.#encrypter.encrypt(JSON.stringify(answer));
    if (kept.length > longestAnswer) throw payloadTooLarge();
    await queries
      .updateTable('sidecar_idempotency')
      .set({ answer: kept, resource })
      .where('fingerprint', '=', request.fingerprint)
      .execute();
  }

  /**
   * The answer the first request got.
   *
   * @param exists Whether what the first request made is still there.
   * @throws ApiError 422 where this one has another input, 409 where what was made is gone.
   */
  async replay(request: OnceRequest, exists: (resource: string) => Promise<boolean>): Promise<unknown> {
    const row = await this.#database.queries
      .selectFrom('sidecar_idempotency')
      .select(['input_hash', 'answer', 'resource'])
      .where('fingerprint', '=', request.fingerprint)
      .executeTakeFirst();
    if (row === undefined || row.answer === null || row.resource === null) {
      throw conflict('The first request with this Idempotency-Key did not end well; send it again.');
    }
    if (row.input_hash !== request.inputHash) {
      const detail = 'This Idempotency-Key was used with another request body.';
      throw invalid('Idempotency-Key', 'reused', detail);
    }
    if (!(await exists(row.resource))) {
      throw conflict('What the first request with this Idempotency-Key made is gone.');
    }
    return JSON.parse(this.#encrypter.decrypt(row.answer)) as unknown;
  }

  /** Forgets answers that are too old to be repeated. */
  async forgetOld(): Promise<void> {
    await this.#database.queries
      .deleteFrom('sidecar_idempotency')
      .where('created_at', '<', Date.now() - keptMs)
      .execute();
  }
}
