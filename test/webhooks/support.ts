import { mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadContext, openServices } from '../../src/cli/panel-context.ts';
import { createLogger } from '../../src/logging.ts';
import type { Services } from '../../src/services.ts';
import type { SignedHeaders } from '../../src/webhooks/signature.ts';
import type { Authority } from '../support/authority.ts';
import type { PanelName } from '../support/cells.ts';
import { run } from '../support/cli.ts';
import { insertRows } from '../support/insert-rows.ts';
import type { PanelDatabase } from '../support/panel-database.ts';
import { type RunningService, startService } from '../support/service.ts';
import { unlimited } from '../support/sidecar.ts';
import type { Row, SqlExecutor } from '../support/test-database.ts';
import type { Delivered } from '../support/webhook-receiver.ts';

/** A secret as it stands in a configuration: 24 bytes, 0 to 23. */
export const secret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX';

/** An entry of `webhooks.endpoints`. */
export interface EndpointEntry {
  readonly url: string;
  readonly secret?: string;
  readonly events?: readonly string[];
  readonly allow_private?: boolean;
  readonly ca_file?: string;
}

/** The entry of a path of a receiver on 127.0.0.1, with all that is needed to reach it. */
export function entryAt(
  { port }: { readonly port: number },
  path: string,
  { caFile }: Pick<Authority, 'caFile'>,
): EndpointEntry {
  return { url: `https://127.0.0.1:${port}${path}`, allow_private: true, ca_file: caFile };
}

/** Writes a configuration with these endpoints into the panel's folder and answers with its path. */
export function writeConfig(
  { folder }: Pick<PanelDatabase, 'folder'>,
  endpoints: readonly EndpointEntry[],
): string {
  const file = join(mkdtempSync(join(folder, 'config-')), 'panel-sidecar.yaml');
  const content = { webhooks: { endpoints: endpoints.map((entry) => ({ secret, ...entry })) } };
  writeFileSync(file, stringify(content));
  return file;
}

/** Starts the service over a panel with a configuration. */
export function startWith(
  { folder }: Pick<PanelDatabase, 'folder'>,
  config: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  return startService(folder, { args: ['--config', config], env: { ...unlimited, ...env } });
}

/** Everything the service works with, over a panel with a configuration, in this process. */
export function openPanelServices(
  { folder }: Pick<PanelDatabase, 'folder'>,
  config: string,
): Promise<Services> {
  return openServices(loadContext({ panel: folder, config }, {}), createLogger('silent'));
}

/** Makes a user. */
export async function seedUser(db: SqlExecutor, panel: PanelName, id: number): Promise<void> {
  const time = '2026-01-02 03:04:05';
  const uuid = crypto.randomUUID();
  await insertRows(db, 'users', [
    {
      ...{ id, uuid, username: `user${id}`, email: `user${id}@panel.test`, password: 'matches nothing' },
      ...{ created_at: time, updated_at: time },
      ...(panel === 'pterodactyl' ? { root_admin: 0, use_totp: 0 } : {}),
    },
  ]);
}

/** Runs a command on a panel with a configuration, which must end well, and answers with its output. */
export async function runOn(
  { folder }: Pick<PanelDatabase, 'folder'>,
  config: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await run([...args, '--panel', folder, '--config', config]);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** The identifier of the key that a command has printed. */
export function identifierIn(stdout: string): string {
  return stdout.slice(0, 16);
}

/** The outbox, oldest first. */
export function outboxOf(db: SqlExecutor): Promise<Row[]> {
  return db.query('select * from sidecar_outbox order by id');
}

/** A message as the outbox holds it, due unless told otherwise. */
export function messageTo(url: string, more: Readonly<Record<string, string | number | null>> = {}) {
  return {
    message_id: `msg_${crypto.randomUUID()}`,
    ...{ endpoint: url, body: '{"type":"created"}', attempts: 0, next_attempt_at: 0, claimed_until: 0 },
    ...{ last_error: null, created_at: Date.now(), ...more },
  };
}

/** What a receiver reads in a message. */
export function eventOf({ body }: Delivered) {
  const { type, data } = JSON.parse(body) as {
    type: string;
    timestamp: string;
    data: { identifier: string; user_id: number };
  };
  return `${type} ${data.identifier} of ${data.user_id}`;
}

/** The signature as a receiver makes it out, with another library than the service's. */
export async function signatureOf(
  secretText: string,
  headers: IncomingHttpHeaders | SignedHeaders,
  body: string,
): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const bytes = Buffer.from(secretText.replace('whsec_', ''), 'base64');
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign']);
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text));
  return `v1,${Buffer.from(signature).toString('base64')}`;
}
