import type { ErrorObject } from 'ajv';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ApiError,
  badRequest,
  payloadTooLarge,
  unavailable,
  unexpected,
  validationFailed,
} from '../api-error.ts';
import { AuditWriteError } from '../audit/activity-log.ts';
import { classifyFailure } from '../database/errors.ts';
import { toInvalidFields } from '../input/validator.ts';
import type { Logger } from '../logging.ts';
import { sendJson } from '../request/answer.ts';
import { OncePerMinute } from './once-per-minute.ts';

/** Turns whatever was thrown into the panel's error envelope. */
export function registerErrors(app: FastifyInstance, logger: Logger): void {
  const logged = new OncePerMinute();
  app.setErrorHandler((error, request, reply) =>
    sendError(reply, toApiError(error, request, logger, logged)),
  );
}

/** Sends an error in the panel's envelope. */
export function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  return sendJson(reply.code(error.status).headers(error.headers), error.toBody());
}

/** @param logged Keeps a database that is away from filling the disk with one stack trace per request. */
function toApiError(
  error: unknown,
  request: FastifyRequest,
  logger: Logger,
  logged: OncePerMinute,
): ApiError {
  if (error instanceof ApiError) return error;
  // Before the database's errors: a client that hangs up shows as a lost connection too.
  const refusal = frameworkRefusal(error);
  if (refusal !== null) return refusal;
  const log = (message: string) =>
    logger.error({ err: error, reqId: request.id, route: request.routeOptions.config.template }, message);
  const logFirst = (message: string, { code }: { readonly code?: unknown }) => {
    if (!logged.isFirst(`${message} ${code}`, new Date())) return;
    log(`${message}; more of the same is not logged for a minute`);
  };
  if (error instanceof AuditWriteError) {
    const cause = (error.cause ?? {}) as { code?: unknown };
    logFirst('the activity log could not be written, so the request was not carried out', cause);
    return unavailable('The audit log is not available, so this request was not carried out.');
  }
  const failure = classifyFailure(error);
  if (failure === 'unavailable' || failure === 'conflict') {
    logFirst('the database is not available', error as { code?: unknown });
    return unavailable('The database is not available, please try again.');
  }
  log('unexpected error');
  return unexpected();
}

/** What the HTTP framework refuses by itself: input that breaks a schema, or that it can't read. */
function frameworkRefusal(error: unknown): ApiError | null {
  if (!(error instanceof Error)) return null;
  const { validation, statusCode } = error as Error & { validation?: unknown; statusCode?: unknown };
  if (Array.isArray(validation)) return validationFailed(toInvalidFields(validation as ErrorObject[]));
  if (statusCode === 413) return payloadTooLarge();
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return badRequest('The request could not be read.');
  }
  return null;
}
