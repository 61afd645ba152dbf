import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { InvalidField } from '../api-error.ts';
import { parseAllowedIp } from '../panel/ip-range.ts';

/** More entries than this help nobody, and a hostile body could ask for thousands. */
const mostErrors = 100;

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, addUsedSchema: false });

// The panel looks at addresses after its rules, whatever they found: null reads as an empty address, and
// what is neither text nor null has failed the rule before.
ajv.addKeyword({
  keyword: 'allowedIp',
  validate: (_schema: unknown, value: unknown) =>
    typeof value === 'string' ? parseAllowedIp(value) !== null : value !== null,
});

/** A check of cleaned input; `errors` tells what the last one found. */
export interface Validate {
  (input: unknown): boolean;
  errors: ErrorObject[] | null;
}

/**
 * Makes a schema (TypeBox or plain JSON Schema) a check of cleaned input. It is compiled when it is first used: there
 * are many, and the service starts sooner without.
 */
export function compileSchema(schema: object): Validate {
  let compiled: ValidateFunction | null = null;
  const check = (input: unknown) => {
    compiled ??= ajv.compile(schema);
    const isValid = compiled(input);
    validate.errors = compiled.errors ?? null;
    return isValid;
  };
  const validate: Validate = Object.assign(check, { errors: null });
  return validate;
}

/** The broken rules of `input`, in the order the panel lists them; empty where there are none. */
export function invalidFields(validate: Validate, input: unknown): readonly InvalidField[] {
  return validate(input) ? [] : toInvalidFields(validate.errors ?? []);
}

/**
 * Words a schema's errors as the panel does: one entry per broken rule, in field order, checks that are not
 * rules last.
 */
export function toInvalidFields(errors: readonly ErrorObject[]): readonly InvalidField[] {
  const fields = errors.flatMap(toFields);
  const rules = fields.filter(({ rule }) => rule !== '');
  const checks = fields.filter(({ rule }) => rule === '');
  return [...rules, ...checks].slice(0, mostErrors);
}

function toFields(error: ErrorObject): InvalidField[] {
  const field = fieldOf(error);
  const name = field.includes('.') ? field : field.replaceAll('_', ' ');
  const entry = (rule: string, text: string): InvalidField => ({ field, rule, detail: text });
  switch (error.keyword) {
    case 'required':
      return [entry('required', `The ${name} field is required.`)];
    case 'type':
      return typeErrors(error, name, entry);
    case 'maxLength':
      return [entry('max', `The ${name} may not be greater than ${error.params.limit} characters.`)];
    case 'maxItems':
    case 'maxProperties':
      return [entry('max', `The ${name} may not have more than ${error.params.limit} items.`)];
    case 'minItems':
      return [entry('min', `The ${name} must have at least ${error.params.limit} items.`)];
    case 'uniqueItems':
      return [entry('distinct', `The ${name} field has a duplicate value.`)];
    case 'additionalProperties': {
      const unknown = `${field}.${error.params.additionalProperty}`;
      return [{ field: unknown, rule: 'in', detail: `The selected ${unknown} is invalid.` }];
    }
    case 'enum':
      return [entry('in', `The selected ${name} is invalid.`)];
    case 'const':
      return [entry('accepted', `The ${name} must be accepted.`)];
    case 'minLength':
      return [entry('min', `The ${name} must be at least ${error.params.limit} characters.`)];
    case 'pattern':
      return [entry('regex', `The ${name} format is invalid.`)];
    // What is wrong with a name has an entry of its own, and so has the branch that a value took.
    case 'propertyNames':
    case 'anyOf':
      return [];
    case 'minimum':
      return [entry('min', `The ${name} must be at least ${error.params.limit}.`)];
    case 'maximum':
      return [entry('max', `The ${name} may not be greater than ${error.params.limit}.`)];
    case 'allowedIp':
      return [entry('', `"${error.data ?? ''}" is not a valid IP address or CIDR range.`)];
    default:
      return [entry(error.keyword.toLowerCase(), `The ${name} format is invalid.`)];
  }
}

function typeErrors(
  error: ErrorObject,
  name: string,
  entry: (rule: string, text: string) => InvalidField,
): InvalidField[] {
  switch ([error.params.type].flat()[0]) {
    case 'string':
      return [entry('string', `The ${name} must be a string.`)];
    // PHP knows one kind of array, and calls both by that name.
    case 'array':
    case 'object':
      return [entry('array', `The ${name} must be an array.`)];
    // The other branch of a value that may be null tells what is wrong.
    case 'null':
      return [];
    case 'boolean':
      return [entry('boolean', `The ${name} field must be true or false.`)];
    default: {
      const integer = entry('integer', `The ${name} must be an integer.`);
      const least: unknown = error.parentSchema?.minimum;
      // An empty value counts as 0 characters long, which is below any minimum too.
      if (error.data !== null || least === undefined) return [integer];
      return [integer, entry('min', `The ${name} must be at least ${least}.`)];
    }
  }
}

function fieldOf(error: ErrorObject): string {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (error.keyword === 'required') path.push(String(error.params.missingProperty));
  return path.join('.');
}
