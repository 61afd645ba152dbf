import type { FastifyRequest } from 'fastify';
import type { Actor } from '../audit/activity.ts';
import type { Access } from '../auth/access.ts';
import type { Credential, NodeView, TargetUser } from '../panel/panel.ts';
import type { KeyHolder } from '../stored-keys/stored-key.ts';
import type { ResolvedClient } from './client.ts';

/** Who sent a request and what it is about, once the guard has let it pass. */
export interface Caller {
  readonly credential: Credential;
  readonly actor: Actor;
  readonly target: { readonly user: TargetUser | null; readonly node: NodeView | null };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the request came from, proxies seen through. */
    client: ResolvedClient;
    /** Content-Type as sent. */
    sentContentType: string | undefined;
    caller: Caller | null;
    /** The user in the path, where the route has asked for them on arrival together with their keys. */
    keyHolder: Promise<KeyHolder | null> | null;
    /** The fields of the body alone, as they were sent; `body` has those of the query too. */
    bodyFields: Readonly<Record<string, unknown>>;
  }
  interface FastifyContextConfig {
    /** What the route asks of its caller. */
    access?: Access;
    /** The route's path with `{parameters}`, for logs, metrics and the audit. */
    template?: string;
  }
}

/** The caller of a guarded route. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('this route is not behind the guard');
  return request.caller;
}

/** The user a guarded route is about. */
export function targetUserOf(request: FastifyRequest): TargetUser {
  const { user } = callerOf(request).target;
  if (user === null) throw new Error('this route declares no user as its target');
  return user;
}

/** The node a guarded route is about. */
export function targetNodeOf(request: FastifyRequest): NodeView {
  const { node } = callerOf(request).target;
  if (node === null) throw new Error('this route declares no node as its target');
  return node;
}
