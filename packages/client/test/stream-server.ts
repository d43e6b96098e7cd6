import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => unknown;

/** A server on loopback that leaves reading and writing to the test, for bodies that come bit by bit or break off. */
export class StreamServer implements AsyncDisposable {
  /** Requests so far. */
  requests = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(handler: Handler): Promise<StreamServer> {
    const server = createServer();
    const self = new StreamServer(server);
    server.on('request', (request, response) => {
      self.requests++;
      // What breaks off is what these tests are about.
      request.on('error', () => {});
      response.on('error', () => {});
      void handler(request, response, self.requests);
    });
    server.on('clientError', (_, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The whole of a request's body, or what came of it before it broke off. */
export async function received(request: IncomingMessage): Promise<{ readonly text: string; readonly whole: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // Broken off: `complete` says so.
  }
  return { text: Buffer.concat(chunks).toString(), whole: request.complete };
}
