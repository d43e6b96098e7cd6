import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { BodyTooLarge } from '../transport/transport.ts';

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', promisify(gunzip) as Decompress],
  ['x-gzip', promisify(gunzip) as Decompress],
  ['deflate', promisify(inflate) as Decompress],
  ['br', promisify(brotliDecompress) as Decompress],
]);

/** More than this on one answer is an attack, not a server. */
const maxEncodings = 2;

/** An encoding that we do not know, or bytes that are not in the one they claim. */
export class Undecodable extends Error {
  override readonly name = 'Undecodable';
}

/** The encodings of a body in the order in which they are undone. @throws BodyTooLarge if they are too many. */
export function encodingsOf(contentEncoding: string | string[]): string[] {
  const header = Array.isArray(contentEncoding) ? contentEncoding.join(',') : contentEncoding;
  const encodings = header
    .slice(0, 256)
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '' && part !== 'identity');
  if (encodings.length > maxEncodings) throw new BodyTooLarge(`more than ${maxEncodings} content encodings`);
  return encodings.reverse();
}

/**
 * Undoes `Content-Encoding`, last one first, within the limit on decoded bytes: a bomb fails before it has grown.
 * @throws BodyTooLarge | Undecodable
 */
export async function decodeBody(
  body: Uint8Array,
  contentEncoding: string | string[] | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (contentEncoding === undefined) return body;
  let decoded = body;
  for (const encoding of encodingsOf(contentEncoding)) {
    const decompress = decoders.get(encoding);
    if (decompress === undefined) throw new Undecodable('content-encoding: one that is not known');
    try {
      decoded = await decompress(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
        throw new BodyTooLarge(`more than ${maxBytes} bytes when decoded`);
      }
      throw new Undecodable(`content-encoding: the bytes are not ${encoding}`);
    }
  }
  return decoded;
}
