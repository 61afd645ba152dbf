import type { FastifyReply } from 'fastify';

/** Sends a JSON body. Bytes, as text would have a charset added to its type, which the panel does not send. */
export function sendJson(reply: FastifyReply, body: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(body)));
}
