import { badRequest } from '../api-error.ts';
import { JsonError, parseJson } from './json.ts';
import { parseForm } from './query.ts';

/**
 * The fields of a body as the panel sees them: JSON and forms are read, anything else counts as empty. A
 * JSON value that is no object has no fields.
 *
 * @throws ApiError 400 for a body that is not what its Content-Type says.
 */
export async function parseBody(
  contentType: string | undefined,
  bytes: Buffer | undefined,
): Promise<Record<string, unknown>> {
  if (bytes === undefined || bytes.length === 0 || contentType === undefined) return {};
  if (contentType.includes('/json') || contentType.includes('+json')) return jsonFields(bytes);
  const type = contentType.toLowerCase();
  if (type.startsWith('application/x-www-form-urlencoded')) return formFields(bytes.toString('utf8'));
  if (type.startsWith('multipart/form-data')) return multipartFields(contentType, bytes);
  return {};
}

function jsonFields(bytes: Buffer): Record<string, unknown> {
  try {
    const value = parseJson(bytes);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw badRequest(`The JSON data passed in the request appears to be malformed: ${error.message}`);
  }
}

function formFields(text: string): Record<string, unknown> {
  if (text.includes('\ufffd')) throw badRequest('The form data passed in the request is not valid UTF-8.');
  return parseForm(text);
}

/** Uploaded files are no fields; names such as `allowed_ips[]` mean the same as in the other form. */
async function multipartFields(contentType: string, bytes: Buffer): Promise<Record<string, unknown>> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw badRequest('The form data passed in the request appears to be malformed.');
  }
  const fields = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === 'string') fields.append(name, value);
  return formFields(fields.toString());
}
