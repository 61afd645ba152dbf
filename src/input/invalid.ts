import { type ApiError, validationFailed } from '../api-error.ts';

/** A 422 for one field. */
export function invalid(field: string, rule: string, detail: string): ApiError {
  return validationFailed([{ field, rule, detail }]);
}
