import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accessDenied } from '../api-error.ts';
import { OperatorError } from '../operator-error.ts';
import { type IpRange, parseAddress, parseAllowedIp, rangeContains } from '../panel/ip-range.ts';
import type { Credential } from '../panel/panel.ts';
import type { Services } from '../services.ts';
import { isWithinScope, type JudgedRequest } from './judge.ts';

/** The headers in which each web server names the request it asks about. */
const forwardedBy = {
  nginx: { method: 'x-original-method', uri: 'x-original-uri' },
  caddy: { method: 'x-forwarded-method', uri: 'x-forwarded-uri' },
  traefik: { method: 'x-forwarded-method', uri: 'x-forwarded-uri' },
} as const;

/**
 * Answers the web server's question whether a request may go on to the panel: 204, or 401 and 403. Keys
 * without scopes may do what the panel lets them.
 *
 * The path of every API call: one round trip, shared by those in flight, and nothing remembered, so that a
 * key that is revoked or narrowed stops at the next request.
 */
export function registerAuthorize(app: FastifyInstance, services: Services): void {
  const { proxy, authorize_from } = services.settings.scopes;
  const askers = parseAskers(authorize_from);
  const headers = forwardedBy[proxy];
  app.get(
    '/authorize',
    { schema: { hide: true }, config: { template: '/authorize' } },
    async (request, reply) => {
      if (!isAsker(request, askers)) throw refused();
      const authorization = soleAuthorization(request);
      const judged = judgedRequest(request, headers);
      const credential = await services.authenticator.authenticate(authorization, new Date());
      if (judged === null || !mayPass(credential, judged)) throw refused();
      return reply.code(204).send();
    },
  );
}

function mayPass({ own: { permissions, servers } }: Credential, judged: JudgedRequest): boolean {
  return permissions === null || isWithinScope({ permissions: new Set(permissions), servers }, judged);
}

function refused() {
  return accessDenied('This API key does not have permission to do this.');
}

/** @throws OperatorError for an entry that is neither an address nor a range. */
function parseAskers(text: string): readonly IpRange[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const range = parseAllowedIp(entry);
      if (range === null) {
        throw new OperatorError(`scopes.authorize_from: "${entry}" is neither an address nor a CIDR range`);
      }
      return range;
    });
}

/** Who connects counts, not whom they speak for. */
function isAsker(request: FastifyRequest, askers: readonly IpRange[]): boolean {
  const address = parseAddress(request.socket.remoteAddress ?? '');
  return address !== null && askers.some((range) => rangeContains(range, address));
}

/**
 * The one Authorization header, naming one key. With several the panel might take another than this service
 * does.
 *
 * @throws ApiError 403 where there are several.
 */
function soleAuthorization(request: FastifyRequest): string | undefined {
  const lines = rawHeaders(request, 'authorization');
  const [line] = lines;
  if (lines.length > 1 || (line?.toLowerCase().match(/bearer /g) ?? []).length > 1) throw refused();
  return line;
}

/** The request asked about, or null where it is not told, or told more than once. */
function judgedRequest(
  request: FastifyRequest,
  headers: { readonly method: string; readonly uri: string },
): JudgedRequest | null {
  const [method, ...moreMethods] = rawHeaders(request, headers.method);
  const [uri, ...moreUris] = rawHeaders(request, headers.uri);
  if (method === undefined || uri === undefined) return null;
  if (moreMethods.length > 0 || moreUris.length > 0) return null;
  // Of several types the panel might go by another than the first.
  return { method, uri, contentType: rawHeaders(request, 'content-type').join() };
}

/** Every line of a header as it came; Node folds or drops repeated ones. */
function rawHeaders(request: FastifyRequest, name: string): readonly string[] {
  const { rawHeaders: lines } = request.raw;
  return lines.filter((_line, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === name);
}
