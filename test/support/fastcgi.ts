import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A request as PHP gets it from a web server: its variables, as `$_SERVER` has them, and the body. */
export interface FastcgiRequest {
  readonly variables: Readonly<Record<string, string>>;
  /** As bytes, one character each. */
  readonly body: string;
}

/** What PHP would answer. */
export interface FastcgiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const recordTypes = { begin: 1, end: 3, variables: 4, body: 5, output: 6 } as const;
const headerLength = 8;

/** A FastCGI application on a free port of 127.0.0.1, in the place of PHP. */
export class FastcgiServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(handle: (request: FastcgiRequest) => FastcgiAnswer) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      // A web server that goes away mid-request is a matter of its own tests.
      socket.on('error', () => socket.destroy());
      serve(socket, handle);
    });
  }

  static async start(handle: (request: FastcgiRequest) => FastcgiAnswer): Promise<FastcgiServer> {
    const fastcgi = new FastcgiServer(handle);
    fastcgi.#server.listen(0, '127.0.0.1');
    await once(fastcgi.#server, 'listening');
    return fastcgi;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Answers the requests of one connection, which come one after the other. */
function serve(socket: Socket, handle: (request: FastcgiRequest) => FastcgiAnswer): void {
  let received = Buffer.alloc(0);
  let variables: Buffer[] = [];
  let body: Buffer[] = [];
  let isKept = false;
  const onRecord = (type: number, id: number, content: Buffer) => {
    if (type === recordTypes.begin) {
      isKept = ((content[2] ?? 0) & 1) === 1;
      variables = [];
      body = [];
    }
    if (type === recordTypes.variables) variables.push(content);
    if (type === recordTypes.body && content.length > 0) body.push(content);
    if (type !== recordTypes.body || content.length > 0) return;
    const request = {
      variables: readPairs(Buffer.concat(variables)),
      body: Buffer.concat(body).toString('latin1'),
    };
    socket.write(answerRecords(id, handle(request)));
    if (!isKept) socket.end();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      if (received.length < headerLength) return;
      const length = received.readUInt16BE(4);
      const end = headerLength + length + received.readUInt8(6);
      if (received.length < end) return;
      const content = received.subarray(headerLength, headerLength + length);
      onRecord(received.readUInt8(1), received.readUInt16BE(2), content);
      received = received.subarray(end);
    }
  });
}

/** Names and values, each with its length before it: one byte, or four of which the first has its top bit set. */
function readPairs(bytes: Buffer): Record<string, string> {
  const pairs: Record<string, string> = {};
  let at = 0;
  const readLength = () => {
    const first = bytes.readUInt8(at);
    at += first < 0x80 ? 1 : 4;
    return first < 0x80 ? first : bytes.readUInt32BE(at - 4) & 0x7fffffff;
  };
  const readText = (length: number) => {
    at += length;
    return bytes.toString('latin1', at - length, at);
  };
  while (at < bytes.length) {
    const nameLength = readLength();
    const valueLength = readLength();
    pairs[readText(nameLength)] = readText(valueLength);
  }
  return pairs;
}

function answerRecords(id: number, { status, headers, body }: FastcgiAnswer): Buffer {
  const lines = Object.entries({ Status: status, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const output = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return Buffer.concat([
    record(recordTypes.output, id, output),
    record(recordTypes.output, id, Buffer.alloc(0)),
    record(recordTypes.end, id, Buffer.alloc(8)),
  ]);
}

function record(type: number, id: number, content: Buffer): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(1, 0);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(id, 2);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}
