import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ApiError,
  accessDenied,
  notFound,
  tooManyRequests,
  twoFactorRequired,
  unauthenticated,
} from '../api-error.ts';
import { type Actor, addressBlocked, type RefusalReason, requestRefused } from '../audit/activity.ts';
import type { Access } from '../auth/access.ts';
import { admitsAddress } from '../auth/allow-list.ts';
import type { RateLimitResult } from '../auth/rate-limiter.ts';
import { isSelfService, passesAdminGate, refusalReason } from '../auth/rules.ts';
import { parseBody } from '../input/body.ts';
import { cleanInput } from '../input/input.ts';
import { parseRowId } from '../input/row-id.ts';
import { subscriberOf } from '../panel/ip-address.ts';
import type { Credential, NodeView, Stage, TargetUser } from '../panel/panel.ts';
import type { Services } from '../services.ts';
import { OncePerMinute } from './once-per-minute.ts';

/** A request on its way through the stages. */
class Passage {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly access: Access;
  /** What the path names; asked for on arrival, so that it comes while the key is looked up. */
  readonly lookUp: Promise<TargetUser | NodeView | null>;
  readonly now = new Date();
  credential: Credential | null = null;
  /** Of the body. */
  fields: Readonly<Record<string, unknown>> = noFields;
  user: TargetUser | null = null;
  node: NodeView | null = null;

  constructor(request: FastifyRequest, reply: FastifyReply, access: Access, lookUp: Passage['lookUp']) {
    this.request = request;
    this.reply = reply;
    this.access = access;
    this.lookUp = lookUp;
  }
}

const nobody = Promise.resolve(null);
const noFields: Readonly<Record<string, unknown>> = Object.freeze({});
const notAdmin = 'This account does not have permission to access the API.';
const notAuthorized = 'This action is unauthorized.';

/**
 * Takes each request of the API through the panel's checks in the panel's order, before its input is looked
 * at, and leaves on it who the caller is, what it is about, and its cleaned input.
 */
export class Guard {
  readonly #services: Services;
  readonly #blockedAddresses = new OncePerMinute();
  readonly #stages: Readonly<Record<Stage, (passage: Passage) => Promise<void> | undefined>> = {
    authenticate: (passage) => this.#authenticate(passage),
    json: (passage) => this.#readBody(passage),
    twoFactor: (passage) => this.#checkTwoFactor(passage),
    ipAccess: (passage) => this.#checkAddress(passage),
    throttle: (passage) => this.#throttle(passage),
    bind: (passage) => this.#bindTarget(passage),
    admin: (passage) => this.#checkAdmin(passage),
    authorize: (passage) => this.#authorize(passage),
  };

  constructor(services: Services) {
    this.#services = services;
  }

  /** @throws ApiError where a stage refuses the request. */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { access } = request.routeOptions.config;
    if (access === undefined) throw new Error('a guarded route without declared access');
    const passage = new Passage(request, reply, access, this.#findTarget(request, access));
    if (access.allowsAnonymous && request.headers.authorization === undefined) {
      await this.#readBody(passage);
      takeInput(passage);
      return;
    }
    // A failure to look it up is the caller's concern only if the stages get as far.
    passage.lookUp.catch(() => undefined);
    for (const stage of this.#services.panel.stages) {
      const check = this.#stages[stage](passage);
      if (check !== undefined) await check;
    }
    const credential = known(passage);
    request.caller = {
      credential,
      actor: actorOf(passage, credential),
      target: { user: passage.user, node: passage.node },
    };
    takeInput(passage);
  }

  async #authenticate(passage: Passage): Promise<void> {
    const { request, now } = passage;
    try {
      passage.credential = await this.#services.authenticator.authenticate(
        request.headers.authorization,
        now,
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#services.metrics.authenticationFailures.inc({ cause: 'unknown' });
      throw await this.#countFailure(request, error);
    }
    this.#services.lastUsed.note(passage.credential.id, now);
  }

  /**
   * What to answer a failed authentication: its own refusal, or with too many of them from one address, 429.
   * Keys are looked at first, so that a good one passes whatever its neighbours do.
   */
  async #countFailure(request: FastifyRequest, refusal: ApiError): Promise<ApiError> {
    const { rateLimiter, limits } = this.#services;
    const { allowed, retryAfter } = await rateLimiter.hit(limits.failures, subscriberOf(request.client.ip));
    return allowed ? refusal : tooManyRequests({ 'retry-after': String(retryAfter) });
  }

  /** Most requests have no body, and are spared the wait for one. */
  #readBody(passage: Passage): Promise<void> | undefined {
    const { body, sentContentType } = passage.request;
    if (!Buffer.isBuffer(body)) return undefined;
    return parseBody(sentContentType, body).then((fields) => {
      passage.fields = fields;
    });
  }

  #checkTwoFactor(passage: Passage): undefined {
    if (known(passage).owner.lacksTwoFactor) throw twoFactorRequired();
  }

  #checkAddress(passage: Passage): Promise<void> | undefined {
    const credential = known(passage);
    const { ip } = passage.request.client;
    const logUnparsable = (entry: string) => {
      const context = { apiKeyId: credential.id, entry: entry.slice(0, 50) };
      this.#services.logger.warn(context, 'an entry of the allow-list of this key cannot be read');
    };
    if (admitsAddress(credential.allowedIps, ip, logUnparsable)) return undefined;
    return this.#refuseAddress(passage, credential);
  }

  async #refuseAddress(passage: Passage, credential: Credential): Promise<void> {
    await this.#recordBlocked(passage, credential);
    const { ip } = passage.request.client;
    throw accessDenied(
      `This IP address (${ip}) does not have permission to access the API using these credentials.`,
    );
  }

  async #recordBlocked(passage: Passage, credential: Credential): Promise<void> {
    if (!this.#blockedAddresses.isFirst(`${credential.id} ${passage.request.client.ip}`, passage.now)) return;
    const actor = actorOf(passage, credential);
    await this.#recordRefusal(addressBlocked(actor, credential.owner.id, credential));
  }

  #throttle(passage: Passage): Promise<void> | undefined {
    const { rateLimiter, limits } = this.#services;
    const counted = rateLimiter.hit(limits.requests, known(passage).owner.uuid);
    if (counted instanceof Promise) return counted.then((result) => tellLimit(passage.reply, result));
    tellLimit(passage.reply, counted);
    return undefined;
  }

  #findTarget(request: FastifyRequest, { target }: Access): Promise<TargetUser | NodeView | null> {
    if (target === 'none') return nobody;
    if (request.keyHolder !== null) return request.keyHolder;
    const params = request.params as Readonly<Record<string, string>>;
    const id = parseRowId(params[target], this.#services.database.largestId);
    if (id === null) return nobody;
    return target === 'user' ? this.#services.users.load(id) : this.#services.nodes.load(id);
  }

  #bindTarget(passage: Passage): Promise<void> | undefined {
    if (passage.access.target === 'none') return undefined;
    return passage.lookUp.then((found) => {
      if (found === null) throw notFound();
      if (passage.access.target === 'user') passage.user = found as TargetUser;
      else passage.node = found as NodeView;
    });
  }

  #checkAdmin(passage: Passage): Promise<void> | undefined {
    const credential = known(passage);
    const { access, user } = passage;
    // A scope says what the web server lets through to the panel; nothing of it is here.
    if (credential.own.permissions !== null) return this.#refuse(passage, notAuthorized, 'scoped-key');
    const isOwnAccount = isSelfService(this.#policy(), access, credential, user);
    return passesAdminGate(credential, isOwnAccount)
      ? undefined
      : this.#refuse(passage, notAdmin, 'not-admin');
  }

  #authorize(passage: Passage): Promise<void> | undefined {
    const { access, user } = passage;
    const reason = refusalReason(this.#services.panel, this.#policy(), access, known(passage), user);
    return reason === null ? undefined : this.#refuse(passage, notAuthorized, reason);
  }

  #policy() {
    const { self_service, allow_admin_targets } = this.#services.settings.api_key;
    return { selfService: self_service, allowAdminTargets: allow_admin_targets };
  }

  async #refuse(passage: Passage, detail: string, reason: RefusalReason): Promise<never> {
    if (this.#services.settings.audit.refusals) {
      const { method, routeOptions } = passage.request;
      const refusal = { method, route: routeOptions.config.template ?? '', status: 403, reason };
      await this.#recordRefusal(requestRefused(actorOf(passage, known(passage)), refusal));
    }
    throw accessDenied(detail);
  }

  /** A refusal stands whether it could be recorded or not. */
  async #recordRefusal(activity: Parameters<Services['activityLog']['append']>[0]): Promise<void> {
    try {
      await this.#services.activityLog.append(activity);
    } catch (error) {
      this.#services.metrics.backgroundFailures.inc({ task: 'refusal_audit' });
      this.#services.logger.error({ err: error, event: activity.event }, 'could not record a refusal');
    }
  }
}

/** Tells a caller where their window stands. @throws ApiError 429 where it is full. */
function tellLimit(reply: FastifyReply, result: RateLimitResult): void {
  const [limit, remaining] = [String(result.limit), String(result.remaining)];
  if (result.allowed) {
    reply.header('x-ratelimit-limit', limit).header('x-ratelimit-remaining', remaining);
    return;
  }
  throw tooManyRequests({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'retry-after': String(result.retryAfter),
    'x-ratelimit-reset': String(result.resetAt),
  });
}

/** The panel reads fields from body and query alike; the body's win. */
function takeInput({ request, fields }: Passage): void {
  const query = request.query as Record<string, unknown>;
  request.query = cleanInput(query);
  request.bodyFields = fields;
  request.body = cleanInput(fields === noFields ? query : { ...query, ...fields });
}

function known(passage: Passage): Credential {
  // Where a panel binds before it authenticates, nothing that asks for the caller comes earlier.
  if (passage.credential === null) throw unauthenticated();
  return passage.credential;
}

function actorOf(passage: Passage, credential: Credential): Actor {
  return { userId: credential.owner.id, apiKeyId: credential.id, ip: passage.request.client.ip };
}
