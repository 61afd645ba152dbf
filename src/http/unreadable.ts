import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Services } from '../services.ts';
import { OncePerMinute } from './once-per-minute.ts';

const answers: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** How long a client may take the answer and go by itself, in milliseconds. */
const lingerMs = 1000;

/**
 * Makes what answers requests that never become one: too slow, with headers too large, no HTTP. They get the
 * envelope too, and no more of the connection. All of them are counted, but of each status only the first within a
 * minute is logged: such requests cost their sender nothing, and must not fill a disk.
 */
export function createUnreadableAnswerer({ logger, metrics }: Pick<Services, 'logger' | 'metrics'>) {
  const logged = new OncePerMinute();
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (!socket.writable || hasBegunToAnswer(socket)) {
      socket.destroy();
      return;
    }
    const [status, reason] = answers[error.code ?? ''] ?? [400, 'Bad Request'];
    metrics.requests.inc({ method: 'unknown', route: 'unreadable', status });
    if (logged.isFirst(String(status), new Date())) {
      const context = { status, reason: error.code, ip: socket.remoteAddress };
      logger.warn(context, 'a request could not be read; others like it are not logged for a minute');
    }
    socket.end(envelope(status, reason));
    // Closed at once, a connection on which more arrives would be reset, and the answer lost on its way.
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}

function hasBegunToAnswer(socket: Socket): boolean {
  return (socket as { _httpMessage?: ServerResponse })._httpMessage?.headersSent === true;
}

function envelope(status: number, reason: string): string {
  const code = `${reason.replaceAll(' ', '')}HttpException`;
  const detail = 'The request could not be read.';
  const body = JSON.stringify({ errors: [{ code, status: String(status), detail }] });
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\nconnection: close`;
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
