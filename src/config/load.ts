import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { compileSchema } from '../input/validator.ts';
import { OperatorError } from '../operator-error.ts';
import {
  describeAllowed,
  type SettingField,
  type SettingSchema,
  settingFields,
  settingSections,
} from './fields.ts';
import { describeHidden, hideSecrets, holdsSecrets } from './secret-settings.ts';
import type { Settings } from './settings.ts';

/** Name of the file that `init` writes. */
export const settingsFileName = 'panel-sidecar.yaml';

/**
 * The settings in force: environment variables win over the file, the file over the defaults.
 *
 * @param file Path of the YAML file, or null for none.
 * @param variable Looks up an environment variable; null where it is not set.
 * @throws OperatorError for an unknown setting or a value of the wrong type, with its name, the value and
 *   what is allowed.
 */
export function loadSettings(file: string | null, variable: (name: string) => string | null): Settings {
  const fromFile = file === null ? {} : readSettingsFile(file);
  const settings: Record<string, Record<string, unknown>> = {};
  for (const field of settingFields) {
    const text = field.variable === null ? null : variable(field.variable);
    const value = text === null ? fromFileOrDefault(field, fromFile, file) : fromVariable(field, text);
    settings[field.section] = { ...settings[field.section], [field.name]: value };
  }
  return settings as unknown as Settings;
}

type FileContent = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function readSettingsFile(file: string): FileContent {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new OperatorError(`cannot read the configuration file ${file}`);
  }
  let content: unknown;
  try {
    // A warning would print the line that it is about.
    content = parse(text, { logLevel: 'error' }) ?? {};
  } catch (error) {
    throw new OperatorError(`${file} is not valid YAML${describeYamlError(error)}`);
  }
  return checkNames(file, content);
}

/** By place and kind: the message may quote what stands there, which may be a secret. */
function describeYamlError(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return '';
  const place = error.linePos === undefined ? '' : ` at line ${error.linePos[0].line}`;
  return `${place}: ${error.code.toLowerCase().replaceAll('_', ' ')}`;
}

function checkNames(file: string, content: unknown): FileContent {
  if (!isMap(content)) throw new OperatorError(`${file}: expected sections such as "api_key:"`);
  const known = new Set(settingFields.map(({ key }) => key));
  for (const [section, fields] of Object.entries(content)) {
    if (!settingSections.some(({ name }) => name === section)) {
      const names = settingSections.map(({ name }) => name).join(', ');
      throw new OperatorError(`${file}: unknown section "${section}"; known are ${names}`);
    }
    // A section whose every line is commented out reads as null.
    if (fields !== null && !isMap(fields))
      throw new OperatorError(`${file}: "${section}" must hold settings`);
    for (const name of Object.keys(fields ?? {})) {
      if (known.has(`${section}.${name}`)) continue;
      const names = settingFields.filter((field) => field.section === section).map((field) => field.name);
      throw new OperatorError(`${file}: unknown setting "${section}.${name}"; known are ${names.join(', ')}`);
    }
  }
  return content as FileContent;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fromFileOrDefault(field: SettingField, content: FileContent, file: string | null): unknown {
  const section = content[field.section] ?? {};
  if (!Object.hasOwn(section, field.name)) return field.default;
  return checkValue(field, section[field.name], `${file}: ${field.key}`);
}

function fromVariable(field: SettingField, text: string): unknown {
  return checkValue(field, readText(field.schema, text), `environment variable ${field.variable}`);
}

const booleans = new Map<string, boolean>([
  ...(['true', '(true)', '1', 'yes', 'on'] as const).map((word) => [word, true] as const),
  ...(['false', '(false)', '0', 'no', 'off'] as const).map((word) => [word, false] as const),
]);

function readText(schema: SettingSchema, text: string): unknown {
  if (schema.anyOf) return readAny(schema.anyOf, text);
  if (schema.type === 'boolean') return booleans.get(text.toLowerCase()) ?? text;
  if (schema.type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  return text;
}

/** The first reading that its own branch takes, else the text. */
function readAny(branches: readonly SettingSchema[], text: string): unknown {
  const readings = branches.map((branch) => ({ branch, value: readText(branch, text) }));
  return readings.find(({ branch, value }) => compileSchema(branch)(value))?.value ?? text;
}

function checkValue(field: SettingField, value: unknown, where: string): unknown {
  const validate = compileSchema(field.schema);
  if (validate(value)) return hideSecrets(field.schema, value);
  if (holdsSecrets(field.schema)) throw new OperatorError(`${where}${describeHidden(validate.errors ?? [])}`);
  const allowed = describeAllowed(field.schema);
  throw new OperatorError(`${where} is ${JSON.stringify(value)}, but must be ${allowed}`);
}
