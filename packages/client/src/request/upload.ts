import { Readable } from 'node:stream';
import type { ErrorFacts } from '@switchgear/policy';
import type { ByteStream, StreamSource } from '../contract/operation.ts';
import { InvalidRequestError } from '../errors.ts';

/**
 * A streamed body. Given as a stream it can be sent once: from its first byte on no attempt may follow, since a second
 * one would send what is left of it, or nothing. Given as a function it is made anew for each attempt.
 */
export class Upload {
  readonly replayable: boolean;
  readonly #source: StreamSource;
  #taken = false;

  constructor(source: StreamSource) {
    this.#source = source;
    this.replayable = typeof source === 'function';
    // A Node stream that fails while its call waits in a queue must not end the process: the call will hear of it.
    if (!this.replayable && typeof Reflect.get(source, 'on') === 'function') {
      (source as unknown as NodeJS.EventEmitter).on('error', () => {});
    }
  }

  /** Whether it has been begun and cannot be begun again. */
  get spent(): boolean {
    return this.#taken && !this.replayable;
  }

  /** The body of one attempt. @throws InvalidRequestError if it is spent. */
  open(facts: ErrorFacts): OpenUpload {
    if (this.spent) throw new InvalidRequestError(['body: the stream has been used'], facts);
    return new OpenUpload(() => {
      if (this.spent) throw new Error('the stream has been used');
      this.#taken = true;
      return typeof this.#source === 'function' ? this.#source() : this.#source;
    });
  }
}

/** Whether a value can be streamed. */
export function isStreamSource(value: unknown): value is StreamSource {
  return typeof value === 'function' || isByteStream(value);
}

/** Whether a stream has been read from: what is left of it would pass for all of it. Of a generator nobody can tell. */
export function isUsed(source: StreamSource): boolean {
  return typeof source === 'object' && Readable.isDisturbed(source as Readable);
}

function isByteStream(value: unknown): value is ByteStream {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, Symbol.asyncIterator) === 'function';
}

/** A body on its way. The source is asked for nothing before the connection asks for the first byte. */
export class OpenUpload implements AsyncIterable<Uint8Array> {
  /** What the source failed with: no fault of the connection, nor of the other side. */
  failure: { readonly error: unknown } | undefined;
  readonly #begin: () => ByteStream | Promise<ByteStream>;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #closed = false;
  #leave: ((reason: unknown) => void) | undefined;

  constructor(begin: () => ByteStream | Promise<ByteStream>) {
    this.#begin = begin;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /** The attempt is over: whatever is left of the source is not wanted, and whoever waits for it stops. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave?.(new Error('the attempt is over'));
    if (this.#chunks !== undefined) release(this.#chunks);
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    try {
      // By hand, and not with `Promise.race`, which would leave one more listener behind with each chunk.
      const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        this.#leave = reject;
        this.#pull().then(resolve, reject);
      });
      if (result.done === true) {
        // Nothing is left to release.
        this.#closed = true;
        return { done: true, value: undefined };
      }
      if (!(result.value instanceof Uint8Array)) throw new TypeError('a chunk that is not bytes');
      return result;
    } catch (error) {
      if (!this.#closed) this.failure = { error };
      this.close();
      throw error;
    }
  }

  async #pull(): Promise<IteratorResult<Uint8Array>> {
    if (this.#chunks === undefined) {
      const source = await this.#begin();
      if (!isByteStream(source)) throw new TypeError('no stream');
      this.#chunks = source[Symbol.asyncIterator]();
      // Closed while the source was being made: nobody else knows of it.
      if (this.#closed) {
        release(this.#chunks);
        return { done: true, value: undefined };
      }
    }
    return this.#chunks.next();
  }
}

/** Closes a file, cancels a web stream. Its promise is not waited for: a source that hangs hangs here, too. */
function release(chunks: AsyncIterator<unknown>): void {
  try {
    chunks.return?.().then(undefined, () => {});
  } catch {
    // What a source throws when it is told to stop is nobody's concern any more.
  }
}
