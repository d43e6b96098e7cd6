import { ReadableStream } from 'node:stream/web';
import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../../errors.ts';
import { contentTypes, type EncodedBody } from '../../request/body.ts';
import { encodeMultipart } from '../../request/multipart.ts';
import { isStreamSource, isUsed, Upload } from '../../request/upload.ts';

/** As much of a body is kept in memory so that it can be sent again, in bytes. */
const keptBytes = 1024 * 1024;

const encoder = new TextEncoder();

/**
 * The body of a request, and the media type that goes with it where the caller says none. What can be sent again is kept so
 * that it can; a stream is one that can be sent once.
 * @throws InvalidRequestError
 */
export function encodeFetchBody(body: unknown, facts: ErrorFacts): EncodedBody | Promise<EncodedBody> {
  if (body === undefined || body === null) return { body: undefined };
  if (typeof body === 'string') return { body: encoder.encode(body), contentType: 'text/plain;charset=UTF-8' };
  if (body instanceof URLSearchParams) return { body: encoder.encode(String(body)), contentType: contentTypes.form };
  if (body instanceof FormData) return encodeMultipart(body, facts);
  // Copies: the caller may go on to use what was given, while the request waits to be sent again.
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body.slice(0)) };
  if (ArrayBuffer.isView(body)) return { body: Uint8Array.from(bytesOf(body)) };
  if (body instanceof Blob) return blobBody(body);
  if (!isStreamSource(body) || typeof body === 'function') {
    const expected = 'text, bytes, a Blob, a FormData, a URLSearchParams or a stream';
    throw new InvalidRequestError([`body: expected ${expected}`], facts);
  }
  if (isUsed(body) || (body instanceof ReadableStream && body.locked)) {
    throw new InvalidRequestError(['body: a stream that is being read, or has been'], facts);
  }
  return { body: new Upload(body) };
}

/**
 * The body of a `Request`, which shows it as a stream, whatever it was made of. A small one is read ahead, so that it can
 * be sent again.
 */
export class RequestBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  /** @throws InvalidRequestError if it is being read, or has been. */
  constructor(body: ReadableStream<Uint8Array>, facts: ErrorFacts) {
    if (body.locked || isUsed(body)) throw new InvalidRequestError(['body: it is being read, or has been'], facts);
    this.#reader = body.getReader();
  }

  async encode(facts: ErrorFacts): Promise<EncodedBody> {
    const chunks: Uint8Array[] = [];
    try {
      for (let bytes = 0; bytes <= keptBytes; ) {
        const { done, value } = await this.#reader.read();
        if (done) return { body: Buffer.concat(chunks) };
        chunks.push(value);
        bytes += value.length;
      }
    } catch (cause) {
      throw new InvalidRequestError(['body: the stream failed'], { ...facts, cause });
    }
    return { body: new Upload(this.#continued(chunks)) };
  }

  /** Nobody wants what is left of it. Nothing once it has ended. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  /** What was read ahead, and the rest as it comes. */
  async *#continued(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
      for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) yield next.value;
    } finally {
      this.cancel();
    }
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

async function blobBody(blob: Blob): Promise<EncodedBody> {
  const contentType = blob.type === '' ? undefined : blob.type;
  if (blob.size > keptBytes) return { body: new Upload(() => blob.stream()), contentType };
  return { body: new Uint8Array(await blob.arrayBuffer()), contentType };
}
