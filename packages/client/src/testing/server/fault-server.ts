import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { ConfigError, type Runtime, systemRuntime } from '@switchgear/policy';
import { type Check, milliseconds, readOptions } from '@switchgear/policy/options';
import { entryOf, isServerFault, type ServerFault } from './catalogue.ts';
import { type ServerAnswer, ServerExchange, type ServerScene, type Tokens } from './exchange.ts';
import { type H2Fault, type H2Step, h2Faults, h2Place } from './h2-place.ts';
import { blackHolePort, closed, listening, type Place, refusingPort, silentPort } from './places.ts';
import { RequestReader, type ServerRequest } from './request-reader.ts';
import { type Certificate, selfSigned } from './self-signed.ts';

export interface FaultServerOptions {
  /** What a good answer holds: an object that can be written as JSON. @default { ok: true } */
  readonly body?: object;
  /** Sent with every answer. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** How far apart the bytes of a trickle are, in milliseconds. @default 100 */
  readonly trickleMs?: number;
  /** Whose clock a trickle keeps. @default systemRuntime */
  readonly runtime?: Runtime;
}

/** What a request meets: a fault of the catalogue, one of HTTP/2, a status, or an answer. */
export type ServerStep = ServerFault | H2Fault | number | ServerAnswer;

/**
 * What has an address of its own: where a connection fails before a request is sent, and `h2`, which speaks HTTP/2 with
 * the certificate of `tls-self-signed`. There, only `ok`, `never-headers`, `goaway`, `refused-stream`, statuses and
 * answers are known; anything else is answered with 501.
 */
export type ServerPlace = 'refuse' | 'black-hole' | 'tls-stall' | 'tls-self-signed' | 'h2';

const places: readonly ServerPlace[] = ['refuse', 'black-hole', 'tls-stall', 'tls-self-signed', 'h2'];

const anObject = <T extends object>(expected: string): Check<T> => ({
  expected,
  ok: (value): value is T => typeof value === 'object' && value !== null && !Array.isArray(value),
});

const faultServerOwn = { body: { ok: true }, headers: {}, trickleMs: 100, runtime: systemRuntime };

/**
 * Starts a server on loopback, on a port of its own, that goes wrong on demand: by switch (`set`), in order (`script`),
 * or by path (`/faults/reset-after-read`). It speaks over raw sockets, so that it can break what a decent server cannot.
 * Closing it destroys every socket.
 * @throws ConfigError if an option is not what it should be.
 */
export async function faultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const read = readOptions(
    'faultServer',
    options,
    {
      body: anObject<object>('an object'),
      headers: anObject<Readonly<Record<string, string>>>('an object of strings'),
      trickleMs: milliseconds(),
      runtime: anObject<Runtime>('a runtime'),
    },
    faultServerOwn,
  );
  const server = createServer();
  await listening(server);
  return new FaultServer(server, read);
}

/** A server that goes wrong on demand, and counts. Made by `faultServer()`. */
export class FaultServer implements AsyncDisposable {
  readonly url: string;
  /** The requests that were read, in order. */
  readonly requests: ServerRequest[] = [];
  /** Connections that were made to it, in all. */
  sockets = 0;
  /** Bytes that came in. */
  bytesIn = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #places = new Map<ServerPlace, Promise<Place>>();
  readonly #tokens: Tokens = { issued: 0, accepted: 1 };
  readonly #scene: ServerScene;
  readonly #scripts = new Map<string, ServerStep[]>();
  #script: ServerStep[] = ['ok'];
  #certificate: Certificate | undefined;

  /** For `faultServer()` alone. */
  constructor(server: Server, { body, headers, trickleMs, runtime }: Required<FaultServerOptions>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { clock } = runtime;
    this.#scene = { clock, trickleMs, body, headers, url: this.url, tokens: this.#tokens };
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** Requests that were read. One that was met by a fault before it was read is none. */
  get hits(): number {
    return this.requests.length;
  }

  /** Connections that are there now. */
  get openSockets(): number {
    return this.#open.size;
  }

  /** The certificate of `tls-self-signed` and `h2`, for a client that is to trust it. */
  get certificate(): string {
    return this.#identity().cert;
  }

  /** From now on, this for every request; with a path, for those to that path. */
  set(step: ServerStep, path?: string): void {
    this.script([step], path);
  }

  /** From now on, these, one per request; the last one stays. @throws ConfigError if one is not known. */
  script(steps: readonly ServerStep[], path?: string): void {
    if (steps.length === 0) throw new ConfigError('faultServer.script', 'at least one step', 'none');
    for (const step of steps) {
      const known =
        typeof step === 'object' || isServerFault(step) || isH2Fault(step) || (Number.isInteger(step) && step >= 200);
      if (!known) throw new ConfigError('faultServer', 'a fault of the catalogue, a status, or an answer', step);
    }
    if (path === undefined) this.#script = [...steps];
    else this.#scripts.set(path, [...steps]);
  }

  /** Takes no token any more that was given out so far. */
  revokeTokens(): void {
    this.#tokens.accepted = this.#tokens.issued + 1;
  }

  /** Where connections fail this way. Closed with the server. */
  async urlOf(place: ServerPlace): Promise<string> {
    if (!places.includes(place)) throw new ConfigError('faultServer.urlOf', `one of ${places.join(', ')}`, place);
    const opening = this.#places.get(place) ?? this.#openPlace(place);
    this.#places.set(place, opening);
    const { port } = await opening;
    const plain = place === 'refuse' || place === 'black-hole';
    return `${plain ? 'http' : 'https'}://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    const sockets = [...this.#open].map((socket) => once(socket, 'close'));
    for (const socket of this.#open) socket.destroy();
    await Promise.all(sockets);
    const opened = await Promise.all(this.#places.values());
    await Promise.all([closed(this.#server), ...opened.map((place) => place.close())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #openPlace(place: ServerPlace): Promise<Place> {
    if (place === 'refuse') return refusingPort();
    if (place === 'black-hole') return blackHolePort();
    if (place === 'tls-stall') return silentPort();
    if (place === 'tls-self-signed') return this.#openTls();
    return h2Place(
      this.#identity(),
      (socket) => this.#count(socket),
      (request) => this.#meetOverH2(request),
    );
  }

  #identity(): Certificate {
    this.#certificate ??= selfSigned();
    return this.#certificate;
  }

  async #openTls(): Promise<Place> {
    const server = createTlsServer(this.#identity());
    server.on('connection', (socket: Socket) => this.#count(socket));
    server.on('secureConnection', (socket) => this.#read(socket));
    // A client that does not trust us leaves in the middle of the handshake.
    server.on('tlsClientError', () => {});
    await listening(server);
    return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
  }

  #serve(socket: Socket): void {
    this.#count(socket);
    this.#read(socket);
  }

  #count(socket: Socket): void {
    this.sockets++;
    this.#open.add(socket);
    // An answer goes out in pieces on purpose, and they are not to wait for each other.
    socket.setNoDelay(true);
    // What the other side does to its end of the connection is its own business.
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
  }

  #read(socket: Socket): void {
    const reader = new RequestReader();
    let nth = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.bytesIn += chunk.length;
      for (const request of reader.push(chunk)) {
        nth++;
        this.#meet(new ServerExchange(socket, request, nth, this.#scene));
      }
    });
  }

  #meet(exchange: ServerExchange): void {
    const { request, nth } = exchange;
    const step = this.#next(request.path.split('?', 1)[0] as string);
    if (typeof step !== 'string' || isH2Fault(step)) {
      this.requests.push(request);
      const answer = typeof step === 'object' ? step : { status: typeof step === 'number' ? step : 501 };
      exchange.answer(answer);
      return;
    }
    const entry = entryOf(step);
    // The first request of a connection is served even by faults that wait for a second one.
    if (entry.unseen !== true || (nth === 1 && step.endsWith('-on-reuse'))) this.requests.push(request);
    entry.run(exchange);
  }

  #meetOverH2(request: ServerRequest): H2Step {
    const step = this.#next(request.path.split('?', 1)[0] as string);
    // Both say that the request was not looked at.
    if (isH2Fault(step)) return step;
    this.requests.push(request);
    if (typeof step === 'object' || step === 'never-headers') return step;
    if (step === 'ok') return { status: 200, body: this.#scene.body };
    return { status: typeof step === 'number' ? step : 501 };
  }

  #next(path: string): ServerStep {
    const named = /^\/faults\/([\w-]+)$/.exec(path)?.[1];
    if (isServerFault(named)) return named;
    const script = this.#scripts.get(path) ?? this.#script;
    return script.length > 1 ? (script.shift() as ServerStep) : (script[0] as ServerStep);
  }
}

function isH2Fault(step: unknown): step is H2Fault {
  return h2Faults.includes(step as H2Fault);
}
