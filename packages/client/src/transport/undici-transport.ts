import type { Socket } from 'node:net';
import type { Call, Phase, Unsubscribe } from '@switchgear/policy';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { type Connection, Connections } from './connections.ts';
import { blockedBy, guardedLookup, literalAddress } from './egress.ts';
import { PushedBody } from './pushed-body.ts';
import type { TlsIdentity } from './tls.ts';
import {
  BodyTooLarge,
  type OpenTransport,
  type Reached,
  type Transport,
  TransportFailure,
  type TransportOptions,
  type WireRequest,
  type WireResponse,
  type WireStream,
} from './transport.ts';

/** The transport on Node: undici, spoken to through `dispatch`, so that we know when a request really starts. */
export const undiciTransport: OpenTransport = (options) => new UndiciTransport(options);

/**
 * One undici client per connection, and a queue of our own before them. undici's pool would queue as well, but out of
 * sight: a call that waits there cannot be told from one that waits for a connection to be made, cannot be taken out,
 * and nobody learns whether the connection it gets has served before.
 */
class UndiciTransport implements Transport {
  readonly #connections: Connections<UndiciConnection>;
  readonly #maxBodyBytes: number;

  constructor(options: TransportOptions) {
    this.#maxBodyBytes = options.maxBodyBytes;
    this.#connections = new Connections(options.connections, () => new UndiciConnection(options));
  }

  send(request: WireRequest, call: Call): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      new Exchange(request, call, this.#connections, this.#maxBodyBytes, resolve, undefined, reject).begin();
    });
  }

  stream(request: WireRequest, call: Call): Promise<WireStream> {
    return new Promise((resolve, reject) => {
      new Exchange(request, call, this.#connections, this.#maxBodyBytes, undefined, resolve, reject).begin();
    });
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  destroy(): Promise<void> {
    return this.#connections.destroy();
  }
}

/**
 * What undici is told of a request: its own properties alone. It has no prototype either, and unlike a dictionary, which
 * would do as well, costs no more than its fields.
 */
class DispatchOptions implements Dispatcher.DispatchOptions {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: string[];
  readonly body: Uint8Array | null;

  constructor({ method, path, headers, body }: WireRequest) {
    this.method = method as Dispatcher.HttpMethod;
    this.path = path;
    this.headers = headers as string[];
    // An async iterable will do; the types know only Node's streams.
    this.body = (body ?? null) as Uint8Array | null;
  }
}
Object.setPrototypeOf(DispatchOptions.prototype, null);

/** One connection, made anew by undici when the other side has closed it. */
class UndiciConnection implements Connection {
  /** Answers that came over the connection as it stands now. */
  served = 0;
  /** How TLS said that it is over, if it did. undici tells only that the other side closed. */
  alert: Error | undefined;
  /** What is spoken over it, known once it is there. */
  protocol: WireResponse['protocol'];
  readonly #client: Client;
  /** Who waits for it while it is being made. */
  #exchange: Exchange | undefined;

  constructor(options: TransportOptions) {
    this.#client = new Client(
      options.origin,
      own<Client.Options>({
        pipelining: 1,
        allowH2: options.allowH2,
        connect: connectorOf(options, {
          reached: (phase) => this.#exchange?.connecting(phase),
          made: (protocol) => {
            this.protocol = protocol;
          },
          alerted: (alert) => {
            this.alert = alert;
          },
        }),
        keepAliveTimeout: options.keepAliveMs,
        // A server that promises to hold a connection for minutes is not believed: behind a balancer it may go sooner.
        keepAliveMaxTimeout: options.keepAliveMs,
        maxHeaderSize: options.maxHeaderBytes,
        // Ours is the one clock: a call has a deadline over all of it.
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    );
    this.#client.on('connect', () => {
      this.served = 0;
      this.alert = undefined;
    });
  }

  dispatch(request: WireRequest, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#client.dispatch(new DispatchOptions(request), exchange);
  }

  async close(): Promise<void> {
    try {
      await this.#client.close();
    } catch (error) {
      // Destroyed meanwhile, it is closed.
      if (!this.#client.destroyed) throw error;
    }
  }

  destroy(): Promise<void> {
    return this.#client.destroy();
  }
}

/** Hears how a connection is being made, and how it ended. */
interface ConnectionWatch {
  reached(phase: Phase): void;
  made(protocol: WireResponse['protocol']): void;
  alerted(alert: Error): void;
}

/**
 * undici's connector, with a timeout that keeps its time (undici's own is no finer than a second), to the address that is
 * given, if one is, and to none that the guard refuses.
 */
function connectorOf(
  { address, allowH2, connectTimeoutMs, egress, origin, runtime, tls }: TransportOptions,
  watch: ConnectionWatch,
): buildConnector.connector {
  const isSecure = origin.startsWith('https:');
  const guarded = egress === undefined ? {} : { lookup: guardedLookup(egress) };
  const made = (identity?: TlsIdentity): Connect =>
    buildConnector(
      own<buildConnector.BuildOptions>({ allowH2, timeout: 0, ...verified, ...guarded, ...identity }),
    ) as Connect;
  const open = (connect: Connect, given: buildConnector.Options, callback: buildConnector.Callback): void => {
    const options = address === undefined ? given : own({ ...given, hostname: address });
    const literal = literalAddress(options.hostname);
    // An address in the place of a name is not looked up, so the guard has not seen it yet.
    const unseen = egress === undefined || literal === undefined ? undefined : blockedBy(egress, literal);
    if (unseen !== undefined) {
      queueMicrotask(() => callback(unseen, null));
      return;
    }
    watch.reached(literal === undefined ? 'dns' : 'connect');
    const socket = connect(options, (...result: Parameters<buildConnector.Callback>) => {
      timer.cancel();
      // The last word is about where the connection really leads, whatever was looked up.
      const refused = egress === undefined || result[0] !== null ? undefined : blockedBy(egress, socket.remoteAddress);
      if (refused !== undefined) socket.destroy();
      else if (result[0] === null) watch.made('alpnProtocol' in socket && socket.alpnProtocol === 'h2' ? '2' : '1.1');
      callback(...(refused === undefined ? result : ([refused, null] as const)));
    });
    socket.once('lookup', () => watch.reached('connect'));
    if (isSecure) socket.once('connect', () => watch.reached('tls'));
    const timer = runtime.clock.setTimer(connectTimeoutMs, () => socket.destroy(new ConnectTimeout(connectTimeoutMs)));
    // The connection is being made for a call, and that has a deadline.
    timer.unref();
    if (isSecure)
      socket.on('error', (error: NodeJS.ErrnoException) => error.code?.startsWith('ERR_SSL') && watch.alerted(error));
  };
  if (tls === undefined) {
    const connect = made();
    return (given, callback) => open(connect, given, callback);
  }

  let last: { readonly identity: TlsIdentity; readonly connect: Connect } | undefined;
  const openAs = (identity: TlsIdentity, given: buildConnector.Options, callback: buildConnector.Callback): void => {
    // With other certificates no session is taken up again: it would go on under the old ones.
    if (last?.identity !== identity) last = { identity, connect: made(identity) };
    open(last.connect, given, callback);
  };
  return (given, callback) => {
    let identity: TlsIdentity | Promise<TlsIdentity>;
    try {
      identity = tls();
    } catch (error) {
      return queueMicrotask(() => callback(error as Error, null));
    }
    if (!(identity instanceof Promise)) return openAs(identity, given, callback);
    const inTime = new Promise<TlsIdentity>((resolve, reject) => {
      const timer = runtime.clock.setTimer(connectTimeoutMs, () => reject(new ConnectTimeout(connectTimeoutMs)));
      timer.unref();
      identity.then(resolve, reject).finally(() => timer.cancel());
    });
    inTime.then(
      (got) => openAs(got, given, callback),
      (error: Error) => callback(error, null),
    );
  };
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

/** Said, because the environment may say otherwise (`NODE_TLS_REJECT_UNAUTHORIZED`, `--tls-min-v1.0`). */
const verified = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;

/** A connection was not made in time. */
class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
  readonly code = 'ETIMEDOUT';

  constructor(ms: number) {
    super(`no connection within ${ms} ms`);
  }
}

const noHeaders: WireResponse['headers'] = Object.freeze({});
const noBytes = Buffer.alloc(0);

/** One request and its answer. undici calls `onRequestStart` when it writes the first byte, and not before. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: WireRequest;
  readonly #call: Call;
  readonly #connections: Connections<UndiciConnection>;
  readonly #maxBodyBytes: number;
  /** Of the two, the one that is wanted: the whole answer, or its head. */
  readonly #resolve: ((response: WireResponse) => void) | undefined;
  readonly #resolveHead: ((response: WireStream) => void) | undefined;
  readonly #reject: (reason: unknown) => void;
  #leaveCall: Unsubscribe | undefined;
  #leaveQueue: (() => void) | undefined;
  #connection: UndiciConnection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #reached: Reached = 'nothing';
  #settled = false;
  #status = 0;
  #headers: WireResponse['headers'] = noHeaders;
  /** Nearly every body comes in one piece, so that a list is made for a second one only. */
  #chunk: Buffer | undefined;
  #chunks: Buffer[] | undefined;
  #bytes = 0;
  /** Where the bytes go once the head alone has been given. */
  #body: PushedBody | undefined;

  constructor(
    request: WireRequest,
    call: Call,
    connections: Connections<UndiciConnection>,
    maxBodyBytes: number,
    resolve: ((response: WireResponse) => void) | undefined,
    resolveHead: ((response: WireStream) => void) | undefined,
    reject: (reason: unknown) => void,
  ) {
    this.#request = request;
    this.#call = call;
    this.#connections = connections;
    this.#maxBodyBytes = request.maxBodyBytes ?? maxBodyBytes;
    this.#resolve = resolve;
    this.#resolveHead = resolveHead;
    this.#reject = reject;
  }

  begin(): void {
    this.#call.progress('queue', 'never');
    this.#leaveCall = this.#call.onCancel((reason) => this.#cancel(reason));
    // Cancelled before it began: no connection is to be had for it.
    if (this.#settled) return;
    const connection = this.#connections.take();
    if (connection !== undefined) this.#sendOver(connection);
    else this.#leaveQueue = this.#connections.wait((freed) => this.#takeOver(freed));
  }

  /** A connection is handed over from inside undici's own callback, where it does not bear another request. */
  #takeOver(connection: UndiciConnection): void {
    this.#leaveQueue = undefined;
    queueMicrotask(() => {
      if (this.#settled) this.#connections.giveBack(connection);
      else this.#sendOver(connection);
    });
  }

  #sendOver(connection: UndiciConnection): void {
    this.#connection = connection;
    // It is ours alone, so from here until the first byte it is being made, or has to be made again.
    this.connecting('connect');
    try {
      connection.dispatch(this.#request, this);
    } catch (error) {
      this.onResponseError(undefined, error);
    }
  }

  /** The connection is being made, and has come this far. */
  connecting(phase: Phase): void {
    if (!this.#settled) this.#call.progress(phase, 'never');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Cancelled while the connection was being made: nothing has been written, and nothing is.
    if (this.#settled) {
      controller.abort(new Error('cancelled'));
      return;
    }
    this.#controller = controller;
    this.#reached = (this.#connection as UndiciConnection).served > 0 ? 'stale-connection' : 'request';
    this.#call.progress('write', 'maybe');
  }

  onRequestSent(): void {
    // A fast server may have answered while the body was still being written.
    if (this.#reached !== 'response') this.#call.progress('wait', 'maybe');
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: WireResponse['headers']): void {
    if (status < 200 || this.#settled) return;
    this.#reached = 'response';
    this.#status = status;
    this.#headers = headers;
    this.#call.progress('body', 'answered');
    // To HEAD, and with 204 and 304, the length is that of a body which does not come.
    const bodiless = this.#request.method === 'HEAD' || status === 204 || status === 304;
    if (!bodiless && Number(headers['content-length']) > this.#maxBodyBytes) this.#tooLarge();
    else if (this.#resolveHead !== undefined) this.#giveHead(this.#resolveHead);
  }

  #giveHead(resolve: (response: WireStream) => void): void {
    const controller = this.#controller as Dispatcher.DispatchController;
    this.#body = new PushedBody({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      stop: (reason) => this.#cancel(reason),
    });
    const { protocol } = this.#connection as UndiciConnection;
    resolve({ status: this.#status, headers: this.#headers, body: this.#body, protocol });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBodyBytes) this.#tooLarge();
    else if (this.#body !== undefined) this.#body.push(chunk);
    else if (this.#chunk === undefined) this.#chunk = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#chunk, chunk];
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const protocol = this.#connection?.protocol;
    if (this.#connection !== undefined) this.#connection.served++;
    this.#freeConnection();
    if (this.#settled) return;
    this.#settle();
    if (this.#body !== undefined) {
      this.#body.end();
      return;
    }
    const body = this.#chunks === undefined ? (this.#chunk ?? noBytes) : Buffer.concat(this.#chunks);
    this.#resolve?.({ status: this.#status, headers: this.#headers, body, protocol });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: unknown): void {
    if (!this.#settled && this.#reached === 'stale-connection') this.#connections.dropIdle();
    const alert = this.#connection?.alert;
    this.#freeConnection();
    if (this.#settled) return;
    this.#settle();
    this.#fail(new TransportFailure(this.#reached, alert ?? error));
  }

  #tooLarge(): void {
    this.#settle();
    this.#fail(new BodyTooLarge(`more than ${this.#maxBodyBytes} bytes`));
    // Destroys the connection: reading the rest to keep it would cost what the limit is there to save.
    this.#controller?.abort(new Error('the body is too large'));
  }

  #cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#leaveQueue?.();
    this.#fail(reason);
    // Still being connected: `onRequestStart` ends it then, and the connection is kept for the next.
    this.#controller?.abort(reason instanceof Error ? reason : new Error('cancelled', { cause: reason }));
  }

  #fail(reason: unknown): void {
    if (this.#body === undefined) this.#reject(reason);
    else this.#body.fail(reason);
  }

  #settle(): void {
    this.#settled = true;
    this.#leaveCall?.();
  }

  #freeConnection(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#connections.giveBack(connection);
  }
}

/** An object of own properties alone: undici reads its options by name, and would find what pollutes a prototype. */
function own<T extends object>(properties: T): T {
  return Object.assign(Object.create(null), properties);
}
