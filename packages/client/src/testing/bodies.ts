import type { Call, Unsubscribe } from '@switchgear/policy';
import type { WireBody, WireRequest, WireResponse, WireStream } from '../transport/transport.ts';

/** Reads what a request carries. A stream is read to its end, as a server would, unless the call is cancelled. */
export function collected(body: WireRequest['body'], call: Call): Uint8Array | undefined | Promise<Uint8Array> {
  if (body === undefined || body instanceof Uint8Array) return body;
  return readAll(body, call);
}

async function readAll(body: AsyncIterable<Uint8Array>, call: Call): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await orCancelled(iterator.next(), call);
      if (done) return joined(chunks);
      chunks.push(value);
    }
  } catch (error) {
    // Told to stop, not waited for: a stream that is stuck would keep the call.
    Promise.resolve(iterator.return?.()).catch(() => {});
    throw error;
  }
}

/** What a promise gives, unless the call is cancelled first. @throws The call's own reason. */
export function orCancelled<T>(promise: Promise<T>, call: Call): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = call.onCancel(reject);
    promise.then(resolve, reject).finally(() => leave());
  });
}

/** A stream that hands on another one, and what passes through it to somebody else. */
export async function* watched(
  body: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of body) {
    see(chunk);
    yield chunk;
  }
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(chunks));
}

/** A whole answer as one whose body is still to be read. */
export function asStream({ status, headers, body }: WireResponse, call: Call): WireStream {
  return { status, headers, body: new WholeBody(body, call) };
}

/** A body that has arrived: one chunk, or the reason why it was destroyed first. */
class WholeBody implements WireBody {
  readonly #bytes: Uint8Array;
  readonly #leave: Unsubscribe;
  readonly #reasons: unknown[] = [];
  #ended = false;

  constructor(bytes: Uint8Array, call: Call) {
    this.#bytes = bytes;
    this.#leave = call.onCancel((reason) => this.destroy(reason));
  }

  destroy(reason: unknown): void {
    if (!this.#ended) this.#reasons.push(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (this.#reasons.length > 0) throw this.#reasons[0];
      if (this.#bytes.length > 0 && !this.#ended) yield this.#bytes;
      if (this.#reasons.length > 0) throw this.#reasons[0];
    } finally {
      this.#ended = true;
      this.#leave();
    }
  }
}
