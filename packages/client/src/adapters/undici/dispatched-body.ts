import { Upload } from '../../request/upload.ts';

/**
 * The body of a request: an `Upload` where it can be read once only, and otherwise what it was, which can be sent as often
 * as need be. A second attempt would send what is left of a stream, or nothing.
 */
export function replayableBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body) || isBlobOrForm(body)) return body;
  if (typeof Reflect.get(body, Symbol.asyncIterator) === 'function') return uploadOf(body as AsyncIterable<unknown>);
  if (typeof Reflect.get(body, Symbol.iterator) === 'function') return uploadOf(body as Iterable<unknown>);
  return body;
}

/** By what they say they are: an undici has classes of its own. */
function isBlobOrForm(body: object): boolean {
  const kind = Reflect.get(body, Symbol.toStringTag);
  return kind === 'Blob' || kind === 'File' || kind === 'FormData';
}

function uploadOf(source: AsyncIterable<unknown> | Iterable<unknown>): Upload {
  // A Node stream that fails while its request waits must not end the process: the request will hear of it.
  const on: unknown = Reflect.get(source, 'on');
  if (typeof on === 'function') Reflect.apply(on, source, ['error', () => {}]);
  return new Upload(bytesOf(source));
}

/** undici takes text for a chunk as well. */
async function* bytesOf(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield (typeof chunk === 'string' ? Buffer.from(chunk) : chunk) as Uint8Array;
}
