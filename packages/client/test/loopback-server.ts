import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the server saw it. */
export interface Hit {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (hit: Hit, response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

/** A server on loopback whose answers a test scripts, one after the other; the last one stays. */
export class LoopbackServer implements AsyncDisposable {
  readonly hits: Hit[] = [];
  readonly #server: Server;
  readonly #script: Answer[];

  private constructor(server: Server, script: Answer[]) {
    this.#server = server;
    this.#script = script;
  }

  static async start(...script: Answer[]): Promise<LoopbackServer> {
    const server = createServer();
    const self = new LoopbackServer(server, [...script]);
    server.on('request', (request, response) => void self.#answer(request, response));
    // A test ends when it has seen enough; a request it left hanging is no error.
    server.on('clientError', (_, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Replaces what is left of the script. */
  script(...script: Answer[]): void {
    this.#script.splice(0, this.#script.length, ...script);
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const hit: Hit = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.hits.push(hit);
    const answer = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
    await answer?.(hit, response, request);
  }
}

/** Answers with JSON. */
export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** Reads the request and resets the connection: the caller cannot know whether the work was done. */
export const reset: Answer = (_, response) => {
  response.socket?.resetAndDestroy();
};

/** Reads the request and never answers. */
export const hang: Answer = () => {};

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
