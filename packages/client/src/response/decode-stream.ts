import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { BodyTooLarge, TransportFailure, type WireBody } from '../transport/transport.ts';
import { encodingsOf, Undecodable } from './decode-body.ts';

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Undoes `Content-Encoding` as the body comes and is read, with the limit on decoded bytes. A body that is not encoded
 * is given back as it is: its transport counts its bytes.
 * @throws BodyTooLarge | Undecodable, here or while it is read.
 */
export function decodeStream(
  body: WireBody,
  contentEncoding: string | string[] | undefined,
  maxBytes: number,
): WireBody {
  const encodings = contentEncoding === undefined ? [] : encodingsOf(contentEncoding);
  if (encodings.length === 0) return body;
  const stages = encodings.map((encoding) => {
    const make = decoders.get(encoding);
    if (make === undefined) throw new Undecodable('content-encoding: one that is not known');
    return make;
  });
  let last: Readable | undefined;
  return {
    async *[Symbol.asyncIterator]() {
      let bytes = 0;
      try {
        const chunks = body[Symbol.asyncIterator]();
        const first = await chunks.next();
        // No bytes at all are nothing, in every encoding: so it is with HEAD, and with 204.
        if (first.done === true) return;
        // Each failure is heard by whoever reads the last stage, so the callback has nothing to add.
        last = joined([continued(first.value, chunks), ...stages.map((make) => make())], () => {});
        for await (const chunk of last as AsyncIterable<Uint8Array>) {
          bytes += chunk.length;
          if (bytes > maxBytes) throw new BodyTooLarge(`more than ${maxBytes} bytes when decoded`);
          yield chunk;
        }
      } catch (error) {
        const cause = error instanceof Error && isOfDecoder(error) ? undecodable(encodings) : error;
        body.destroy(cause);
        throw cause;
      }
    },
    destroy(reason) {
      body.destroy(reason);
      last?.destroy();
    },
  };
}

/** A body of which the first chunk has been taken. */
async function* continued(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** `pipeline` takes any number of stages, an iterable first; its types know only some of the forms. */
const joined = pipeline as unknown as (stages: readonly unknown[], ended: () => void) => Readable;

function undecodable(encodings: readonly string[]): Undecodable {
  return new Undecodable(`content-encoding: the bytes are not ${encodings.join(', then ')}`);
}

/** zlib's errors have a code and a number; those of the connection are ours. */
function isOfDecoder(error: Error): boolean {
  return !(error instanceof TransportFailure) && typeof Reflect.get(error, 'errno') === 'number';
}
