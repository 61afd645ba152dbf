import type { ErrorObject } from 'ajv';
import { withHidden } from '../panel/env/hidden.ts';
import { describeAllowed, type SettingSchema } from './fields.ts';

/** Whether a setting is a list of entries that hold secrets. */
export function holdsSecrets(schema: SettingSchema): boolean {
  return Object.values(schema.items?.properties ?? {}).some(({ writeOnly }) => writeOnly === true);
}

/** A checked value, of which nothing that prints objects shows the secrets. */
export function hideSecrets(schema: SettingSchema, value: unknown): unknown {
  if (!holdsSecrets(schema) || !Array.isArray(value)) return value;
  const isSecret = (name: string) => schema.items?.properties?.[name]?.writeOnly === true;
  return value.map((entry: Readonly<Record<string, unknown>>) => {
    const pick = (wanted: boolean) =>
      Object.fromEntries(Object.entries(entry).filter(([name]) => isSecret(name) === wanted));
    return withHidden(pick(false), pick(true));
  });
}

/**
 * What is wrong with such a list, without anything that stands in it: `[0].secret must be …`, to be put behind
 * the setting's name.
 */
export function describeHidden([error]: readonly ErrorObject[]): string {
  if (error === undefined) return ' is not as it must be';
  const schema = error.parentSchema as SettingSchema;
  const place = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
  switch (error.keyword) {
    case 'required':
      return `${place} lacks ${error.params.missingProperty}`;
    case 'additionalProperties':
      return `${place} has an unknown setting; known are ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'maxItems':
      return `${place} may not have more than ${error.params.limit} entries`;
    default:
      return `${place} must be ${schema.description ?? describeAllowed(schema)}`;
  }
}
