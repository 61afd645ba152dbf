/** One entry of the panel's error envelope. */
export interface ErrorEntry {
  readonly code: string;
  readonly status: string;
  readonly detail: string;
  readonly meta?: { readonly source_field: string; readonly rule: string };
}

/** One broken rule of a request's input. */
export interface InvalidField {
  /** Dotted path: `allowed_ips.0`. */
  readonly field: string;
  /** The panel's snake_case name of the rule, or '' for checks that its rules do not know. */
  readonly rule: string;
  readonly detail: string;
}

/**
 * A refusal with the panel's status, code and wording. Codes are the short names of the panel's exception
 * classes, because that is what clients written for it look at.
 */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly entries: readonly ErrorEntry[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    entries: readonly ErrorEntry[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(entries[0]?.detail ?? 'refused');
    this.status = status;
    this.entries = entries;
    this.headers = headers;
  }

  /** The body of the answer. */
  toBody(): { errors: readonly ErrorEntry[] } {
    return { errors: this.entries };
  }
}

function single(status: number, code: string, detail: string, headers?: Readonly<Record<string, string>>) {
  return new ApiError(status, [{ code, status: String(status), detail }], headers);
}

/** 401: no key, a wrong or an expired one; nothing tells which. */
export function unauthenticated(): ApiError {
  return single(401, 'AuthenticationException', 'Unauthenticated.');
}

/** 400: a body that is not what its Content-Type says. */
export function badRequest(detail: string): ApiError {
  return single(400, 'BadRequestHttpException', detail);
}

/** 400: the account must set up a second factor first. */
export function twoFactorRequired(): ApiError {
  return single(
    400,
    'TwoFactorAuthRequiredException',
    'Two-factor authentication is required on this account in order to access this endpoint.',
  );
}

/** 400: a business rule of the panel, such as the limit of keys. */
export function displayError(detail: string): ApiError {
  return single(400, 'DisplayException', detail);
}

/** 403 with a text of the caller's. */
export function accessDenied(detail: string): ApiError {
  return single(403, 'AccessDeniedHttpException', detail);
}

/** 404: the path names something that is not there. */
export function notFound(): ApiError {
  return single(404, 'NotFoundHttpException', 'The requested resource could not be found on the server.');
}

/** 404: no such route. @param path As sent, without slashes at its ends. */
export function routeNotFound(path: string): ApiError {
  return single(404, 'NotFoundHttpException', `The route ${path} could not be found.`);
}

/** 405. @param allowed The methods of the route, in the order it lists them. */
export function methodNotAllowed(method: string, path: string, allowed: readonly string[]): ApiError {
  const list = allowed.join(', ');
  const detail = `The ${method} method is not supported for route ${path}. Supported methods: ${list}.`;
  return single(405, 'MethodNotAllowedHttpException', detail, { allow: list });
}

/** 409: what is asked for does not fit the state of things. @param detail Says which. */
export function conflict(detail: string, code = 'ConflictHttpException'): ApiError {
  return single(409, code, detail);
}

/** 501: a feature that needs the own tables. @param command What the operator runs to get them. */
export function migrationRequired(command: string): ApiError {
  return single(501, 'MigrationRequired', `This needs tables that are not there yet: run "${command}".`);
}

/** 413: a body beyond the bound. */
export function payloadTooLarge(): ApiError {
  return single(413, 'PostTooLargeException', 'The request body is larger than this service accepts.');
}

/** 422: one entry per broken rule. */
export function validationFailed(fields: readonly InvalidField[]): ApiError {
  return new ApiError(
    422,
    fields.map(({ field, rule, detail }) => ({
      code: 'ValidationException',
      status: '422',
      detail,
      meta: { source_field: field, rule },
    })),
  );
}

/** 429. @param retryAfter Seconds until the caller may try again. */
export function tooManyRequests(headers: Readonly<Record<string, string>>): ApiError {
  return single(429, 'ThrottleRequestsException', 'Too Many Attempts.', headers);
}

/** 503: the work could not be done now and was not done. */
export function unavailable(detail: string, retryAfterSeconds = 1): ApiError {
  return single(503, 'ServiceUnavailableHttpException', detail, { 'retry-after': String(retryAfterSeconds) });
}

/** 500: a fault of this service. The text is the panel's and says nothing about the cause. */
export function unexpected(): ApiError {
  return single(
    500,
    'HttpException',
    'An unexpected error was encountered while processing this request, please try again.',
  );
}
