import { settingsSchema } from './settings.ts';

/** One setting, as a table of them shows it. */
export interface SettingField {
  /** Dotted name in the file: `api_key.max_keys_per_user`. */
  readonly key: string;
  readonly section: string;
  readonly name: string;
  /** The environment variable that overrides it, or null. */
  readonly variable: string | null;
  readonly default: unknown;
  readonly description: string;
  readonly schema: SettingSchema;
}

/** The parts of a setting's JSON Schema that this project uses. */
export interface SettingSchema {
  readonly type?: string;
  readonly anyOf?: readonly SettingSchema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly items?: SettingSchema;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  /** A secret, which is never shown (a term of JSON Schema). */
  readonly writeOnly?: boolean;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The sections of the file, in order, with what they are about. */
export const settingSections: readonly { readonly name: string; readonly description: string }[] =
  Object.entries(settingsSchema.properties).map(([name, section]) => ({
    name,
    description: (section as unknown as { description: string }).description,
  }));

/** Every setting, in the order of the file. */
export const settingFields: readonly SettingField[] = Object.entries(settingsSchema.properties).flatMap(
  ([section, { properties }]) =>
    Object.entries(properties).map(([name, property]) => {
      const schema = property as unknown as SettingSchema & {
        readonly env?: string;
        readonly default: unknown;
        readonly description: string;
      };
      return {
        key: `${section}.${name}`,
        section,
        name,
        variable: schema.env ?? null,
        default: schema.default,
        description: schema.description,
        schema,
      };
    }),
);

/** What a setting may be, in words: `a whole number from 1 to 200`. */
export function describeAllowed(schema: SettingSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describeAllowed).join(' or ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number from ${schema.minimum} to ${schema.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'array': {
      const entries = schema.items ? describeAllowed(schema.items) : 'values';
      return schema.items?.type === 'object' ? `a list of ${entries}` : `a list of: ${entries}`;
    }
    case 'null':
      return 'null';
    case 'object':
      return `entries with ${Object.keys(schema.properties ?? {}).join(', ')}`;
    default:
      return 'text';
  }
}
