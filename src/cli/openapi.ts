import { loadSettings } from '../config/load.ts';
import { describeApi } from '../http/document.ts';
import { printJson } from './output.ts';

/** Prints the OpenAPI document of a service with default settings; needs no panel. */
export async function openapi(): Promise<void> {
  printJson(await describeApi(loadSettings(null, () => null)));
}
