import { sendBytes } from '../support/client.ts';

/** A request written out as it goes over the wire. */
export interface RawRequest {
  readonly method?: string;
  /** What stands in the request line. */
  readonly target: string;
  /** Lines as they are, `Name: value`; Host and Connection are added. */
  readonly lines: readonly string[];
  readonly body?: string;
}

/** Sends a request on a connection of its own, and answers with its status. */
export async function sendRaw(url: string, request: RawRequest): Promise<number> {
  const answer = await sendBytes(url, toBytes(request));
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]);
}

/** Characters stand for bytes. */
function toBytes({ method = 'GET', target, lines, body = '' }: RawRequest): string {
  const hasConnection = lines.some((line) => /^connection *:/i.test(line));
  const all = [
    `${method} ${target} HTTP/1.1`,
    'Host: panel.test',
    ...(hasConnection ? [] : ['Connection: close']),
    ...lines,
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
  ];
  return `${all.join('\r\n')}\r\n\r\n${body}`;
}
