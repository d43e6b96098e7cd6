import type { Call } from '@switchgear/policy';
import {
  BodyTooLarge,
  TransportFailure,
  type WireBody,
  type WireRequest,
  type WireResponse,
  type WireStream,
} from '../transport.ts';
import type { Places } from './places.ts';

/** As much of `fetch` as is used: what is in every runtime. */
export type FetchLike = (url: string, init: RequestInit & { readonly duplex?: 'half' }) => Promise<Response>;

/** What all exchanges of a transport have in common. */
export interface FetchTools {
  readonly fetch: FetchLike;
  readonly origin: string;
  readonly places: Places;
  readonly maxBodyBytes: number;
}

/** One request and its answer. */
export class FetchExchange {
  readonly #request: WireRequest;
  readonly #call: Call;
  readonly #tools: FetchTools;
  readonly #maxBodyBytes: number;
  readonly #controller = new AbortController();
  /** Why it was given up; nothing that fetch rejects with from then on matters. */
  #left: { readonly reason: unknown } | undefined;
  #hasPlace = false;
  #stopWaiting: (() => void) | undefined;
  #leaveCall: (() => void) | undefined;
  readonly #onEnd: (exchange: FetchExchange) => void;
  #rejectLeft: (reason: unknown) => void = () => {};
  /** Rejects when the call is cancelled: a runtime may take its time to end a request. */
  readonly #leaving: Promise<never>;

  constructor(request: WireRequest, call: Call, tools: FetchTools, onEnd: (exchange: FetchExchange) => void) {
    this.#onEnd = onEnd;
    this.#request = request;
    this.#call = call;
    this.#tools = tools;
    this.#maxBodyBytes = request.maxBodyBytes ?? tools.maxBodyBytes;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.#leaving = promise;
    this.#rejectLeft = reject;
    call.progress('queue', 'never');
    this.#leaveCall = call.onCancel((reason) => this.leave(reason));
  }

  /** Ends it, wherever it is. */
  leave(reason: unknown): void {
    if (this.#left !== undefined) return;
    this.#left = { reason };
    this.#stopWaiting?.();
    this.#rejectLeft(reason);
    this.#controller.abort(reason);
    // A body that nobody reads has nobody else to give its place back.
    this.#end();
  }

  async whole(): Promise<WireResponse> {
    try {
      const response = await this.#head();
      const chunks: Uint8Array[] = [];
      for await (const chunk of this.#chunks(response)) chunks.push(chunk);
      return { status: statusOf(response), headers: headersOf(response), body: joined(chunks) };
    } finally {
      this.#end();
    }
  }

  async stream(): Promise<WireStream> {
    let response: Response;
    try {
      response = await this.#head();
    } catch (error) {
      this.#end();
      throw error;
    }
    const body: WireBody = Object.assign(this.#read(response), { destroy: (reason: unknown) => this.leave(reason) });
    return { status: statusOf(response), headers: headersOf(response), body };
  }

  async *#read(response: Response): AsyncGenerator<Uint8Array, undefined> {
    try {
      yield* this.#chunks(response);
    } finally {
      this.leave(new Error('not read to its end'));
    }
  }

  async #head(): Promise<Response> {
    await this.#place();
    const { method, path, headers, body } = this.#request;
    const named = new Headers();
    for (let i = 0; i < headers.length; i += 2) named.append(headers[i] as string, headers[i + 1] as string);
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: named,
      redirect: 'manual',
      signal: this.#controller.signal,
    };
    if (body instanceof Uint8Array) init.body = body as Uint8Array<ArrayBuffer>;
    else if (body !== undefined) Object.assign(init, { body: ReadableStream.from(body), duplex: 'half' });
    // Whether it leaves, and when, fetch does not tell; from here on nobody can know that nothing was sent.
    this.#call.progress('wait', 'maybe');
    let response: Response;
    try {
      response = await Promise.race([this.#leaving, this.#tools.fetch(this.#tools.origin + path, init)]);
    } catch (error) {
      throw this.#failure(error, 'request');
    }
    this.#call.progress('body', 'answered');
    const length = Number(response.headers.get('content-length'));
    const isPlain = !response.headers.has('content-encoding');
    if (isPlain && method !== 'HEAD' && response.status !== 304 && length > this.#maxBodyBytes) throw this.#tooLarge();
    return response;
  }

  async #place(): Promise<void> {
    const { places } = this.#tools;
    if (this.#left !== undefined) throw this.#left.reason;
    if (!places.take()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#stopWaiting = places.wait(resolve);
      await Promise.race([promise, this.#leaving]);
    }
    this.#hasPlace = true;
    if (this.#left !== undefined) throw (this.#left as { reason: unknown }).reason;
  }

  async *#chunks(response: Response): AsyncGenerator<Uint8Array, undefined> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    let bytes = 0;
    for (;;) {
      let read: { done: boolean; value?: Uint8Array | undefined };
      try {
        read = await Promise.race([this.#leaving, reader.read()]);
      } catch (error) {
        throw this.#failure(error, 'response');
      }
      if (read.done) return;
      const chunk = read.value as Uint8Array;
      bytes += chunk.length;
      if (bytes > this.#maxBodyBytes) throw this.#tooLarge();
      yield chunk;
    }
  }

  #failure(error: unknown, reached: 'request' | 'response'): unknown {
    return this.#left === undefined ? new TransportFailure(reached, error) : this.#left.reason;
  }

  #tooLarge(): BodyTooLarge {
    const error = new BodyTooLarge(`more than ${this.#maxBodyBytes} bytes`);
    this.leave(error);
    return error;
  }

  /** Safe to do twice. */
  #end(): void {
    this.#leaveCall?.();
    this.#onEnd(this);
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#tools.places.giveBack();
  }
}

/** A browser hides where a redirect leads, and that it is one: what is left is that it is not followed. */
function statusOf(response: Response): number {
  return response.type === 'opaqueredirect' ? 302 : response.status;
}

function headersOf(response: Response): WireResponse['headers'] {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of response.headers) if (name !== 'set-cookie') headers[name] = value;
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  // fetch has unpacked the body, whose length and encoding these no longer are.
  if ('content-encoding' in headers) {
    delete headers['content-encoding'];
    delete headers['content-length'];
  }
  return headers;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const whole = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
