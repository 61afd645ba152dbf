import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { OperatorError } from '../operator-error.ts';
import type { KeyEventType } from './event.ts';
import { Signer } from './signature.ts';

/** Where messages are sent. */
export interface Endpoint {
  /** Normalised; names the endpoint in the outbox. */
  readonly url: string;
  /** Host and port, for logs: the rest of an address may be a secret. */
  readonly host: string;
  readonly signer: Signer;
  readonly events: ReadonlySet<KeyEventType>;
  /** Whether it may be on a private network. */
  readonly allowPrivate: boolean;
  /** The file of the authority that signs its certificate, the only one trusted then; null for the usual. */
  readonly caFile: string | null;
}

const allEvents: readonly KeyEventType[] = ['created', 'rotated', 'revoked', 'expiring'];

/** Longest address that the outbox can hold, in characters; all are ASCII once normalised. */
const longestUrl = 191;

/** The configured endpoints. @throws OperatorError for an address that can't be used; it holds none */
export function readEndpoints({ endpoints }: Settings['webhooks']): readonly Endpoint[] {
  const read = endpoints.map((settings, index) => {
    const url = readUrl(settings.url, `webhooks.endpoints[${index}].url`);
    return {
      url: url.href,
      host: url.host,
      signer: new Signer(settings.secret),
      events: new Set(settings.events ?? allEvents),
      allowPrivate: settings.allow_private ?? false,
      caFile: settings.ca_file ?? null,
    };
  });
  requireDistinct(read);
  return read;
}

function readUrl(text: string, where: string): URL {
  if (!URL.canParse(text)) throw new OperatorError(`${where} is no address`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new OperatorError(`${where} may not hold a user name or password: messages are signed instead`);
  }
  if (url.href.length > longestUrl) {
    throw new OperatorError(`${where} may not be longer than ${longestUrl} characters`);
  }
  return url;
}

/** MySQL compares without regard to case, so addresses that differ in nothing else would be taken for one. */
function requireDistinct(endpoints: readonly Endpoint[]): void {
  const known = new Set<string>();
  for (const { url, host } of endpoints) {
    if (known.has(url.toLowerCase()))
      throw new OperatorError(`webhooks.endpoints: one at ${host} is there twice`);
    known.add(url.toLowerCase());
  }
}

/** The certificates of an endpoint's own authority, or null for the usual ones. @throws OperatorError */
export function readAuthority({ caFile, host }: Endpoint): string | null {
  if (caFile === null) return null;
  let text: string;
  try {
    text = readFileSync(caFile, 'utf8');
  } catch {
    throw new OperatorError(`cannot read ${caFile}, the ca_file of the webhook endpoint at ${host}`);
  }
  try {
    new X509Certificate(text);
  } catch {
    throw new OperatorError(
      `${caFile}, the ca_file of the webhook endpoint at ${host}, holds no certificate`,
    );
  }
  return text;
}
