import { Agent, request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

/** A request as a test words it. */
export interface Sent {
  readonly method?: string;
  /** Path and query, sent as they are. */
  readonly path: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly key?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Text and bytes are sent as they are, anything else as JSON with its Content-Type. */
  readonly body?: unknown;
  /** The address the connection is made from, one of 127.0.0.0/8. */
  readonly from?: string;
  /** Connections of the test's own, in place of those that all tests share. */
  readonly agent?: Agent;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON; undefined where there is none or it is no JSON. */
  readonly json: unknown;
}

/** One entry of the error envelope. */
export interface AnsweredError {
  readonly code: string;
  readonly status: string;
  readonly detail: string;
  readonly meta?: { readonly source_field: string; readonly rule: string };
}

const sharedAgent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Sends one request with nothing added to it that the test did not ask for, but `Host` and lengths. */
export function send(url: string, sent: Sent): Promise<Answer> {
  const { method = 'GET', path, from, agent = sharedAgent } = sent;
  const body = bodyOf(sent.body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      {
        ...{ method, path, headers: headersOf(sent, body) },
        ...(from === undefined ? { agent } : { agent: false, localAddress: from }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            ...{ status: response.statusCode ?? 0, headers: response.headers },
            ...{ text, json: parsed(text) },
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function bodyOf(body: unknown): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body;
  return JSON.stringify(body);
}

function headersOf(sent: Sent, body: string | Buffer | undefined): OutgoingHttpHeaders {
  const isJson = body !== sent.body;
  const isChunked = sent.headers?.['transfer-encoding'] !== undefined;
  return {
    accept: 'application/json',
    ...(sent.key === undefined ? {} : { authorization: `Bearer ${sent.key}` }),
    ...(isJson ? { 'content-type': 'application/json' } : {}),
    ...(body === undefined || isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...sent.headers,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Sends bytes that are no request of any HTTP client and answers with all that came back until the service
 * closed the connection.
 *
 * @param andNoMore tells the service that nothing will follow
 */
export function sendBytes(url: string, bytes: string, andNoMore = false): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes, 'latin1');
      if (andNoMore) socket.end();
    });
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** The entries of the error envelope; throws where the answer is anything but exactly an envelope. */
export function errorsOf(answer: Answer): readonly AnsweredError[] {
  const { errors, ...rest } = (answer.json ?? {}) as { errors?: unknown };
  const entries = Array.isArray(errors) ? (errors as AnsweredError[]) : [];
  const isEnvelope =
    entries.length > 0 &&
    Object.keys(rest).length === 0 &&
    answer.headers['content-type'] === 'application/json' &&
    entries.every((entry) => typeof entry.code === 'string' && typeof entry.detail === 'string') &&
    entries.every((entry) => entry.status === String(answer.status));
  if (!isEnvelope) throw new Error(`${answer.status} is no error envelope: ${answer.text.slice(0, 300)}`);
  return entries;
}

/** Status, code and text of an answer that holds a single error, for comparing in one line. */
export function refusalOf(answer: Answer): string {
  const [first, ...others] = errorsOf(answer);
  if (first === undefined || others.length > 0) throw new Error(`not one error: ${answer.text}`);
  return `${answer.status} ${first.code}: ${first.detail}`;
}
