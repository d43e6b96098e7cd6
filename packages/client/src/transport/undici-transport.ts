import type { Call, Unsubscribe } from '@switchgear/policy';
import { type Dispatcher, Pool } from 'undici';
import {
  BodyTooLarge,
  type OpenTransport,
  type Transport,
  TransportFailure,
  type TransportOptions,
  type WireRequest,
  type WireResponse,
} from './transport.ts';

/** The transport on Node: undici's pool, spoken to through `dispatch`, so that we know when a request really starts. */
export const undiciTransport: OpenTransport = (options) => new UndiciTransport(options);

class UndiciTransport implements Transport {
  readonly #pool: Pool;
  readonly #maxBodyBytes: number;

  constructor(options: TransportOptions) {
    this.#maxBodyBytes = options.maxBodyBytes;
    this.#pool = new Pool(options.origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: options.allowH2,
      connect: { timeout: options.connectTimeoutMs },
      keepAliveTimeout: options.keepAliveMs,
      // A server that promises to hold a connection for minutes is not believed: behind a balancer it may be gone sooner.
      keepAliveMaxTimeout: options.keepAliveMs,
      maxHeaderSize: options.maxHeaderBytes,
      // Ours is the one clock: a call has a deadline over all of it, and undici's timers do not see the queue.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  send(request: WireRequest, call: Call): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      call.progress('queue', 'never');
      const exchange = new Exchange(call, this.#maxBodyBytes, resolve, reject);
      try {
        this.#pool.dispatch(
          {
            method: request.method as Dispatcher.HttpMethod,
            path: request.path,
            headers: request.headers as string[],
            body: request.body ?? null,
          },
          exchange,
        );
      } catch (error) {
        exchange.onResponseError(undefined, error);
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** One request and its answer. undici calls `onRequestStart` when it writes the first byte, and not before. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #call: Call;
  readonly #maxBodyBytes: number;
  readonly #resolve: (response: WireResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #leave: Unsubscribe;
  #controller: Dispatcher.DispatchController | undefined;
  #reached: TransportFailure['reached'] = 'nothing';
  #cancelled: { readonly reason: unknown } | undefined;
  #status = 0;
  #headers: WireResponse['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #settled = false;

  constructor(
    call: Call,
    maxBodyBytes: number,
    resolve: (response: WireResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#call = call;
    this.#maxBodyBytes = maxBodyBytes;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#leave = call.onCancel((reason) => this.#cancel(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Cancelled while it waited for a connection: nothing has been written, and nothing is.
    if (this.#cancelled !== undefined) {
      controller.abort(asError(this.#cancelled.reason));
      return;
    }
    this.#controller = controller;
    this.#reached = 'request';
    this.#call.progress('write', 'maybe');
  }

  onRequestSent(): void {
    // A fast server may have answered while the body was still being written.
    if (this.#reached === 'request') this.#call.progress('wait', 'maybe');
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: WireResponse['headers']): void {
    if (status < 200) return;
    this.#reached = 'response';
    this.#status = status;
    this.#headers = headers;
    this.#call.progress('body', 'answered');
    const announced = Number(headers['content-length']);
    if (announced > this.#maxBodyBytes) this.#tooLarge();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBodyBytes) this.#tooLarge();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settle();
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#reject(new TransportFailure(this.#reached, error));
  }

  #tooLarge(): void {
    this.#settle();
    this.#reject(new BodyTooLarge(`more than ${this.#maxBodyBytes} bytes`));
    // Destroys the connection: reading the rest to keep it would cost what the limit is there to save.
    this.#controller?.abort(new Error('the body is too large'));
  }

  #cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#cancelled = { reason };
    this.#settle();
    this.#reject(reason);
    this.#controller?.abort(asError(reason));
  }

  #settle(): void {
    this.#settled = true;
    // Not there yet when the call had been cancelled before this was made.
    this.#leave?.();
  }
}

/** undici wants an error to abort with; the caller's own reason may be anything. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('cancelled', { cause: reason });
}
