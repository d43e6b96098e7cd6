import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { AxiosAnswer, KnownConfig } from './axios-like.ts';

/** The answer is longer than this one request allows. */
export class LongerThanAllowed extends Error {
  override readonly name = 'LongerThanAllowed';

  constructor(maxBytes: number) {
    super(`maxContentLength size of ${maxBytes} exceeded`);
  }
}

/**
 * Makes of a `Response` what axios takes for an answer.
 * @param ended Runs when nothing more comes of it: of a stream, once that has ended.
 * @throws LongerThanAllowed, and what reading the body rejects with.
 */
export async function answerOf<C>(
  response: Response,
  config: C,
  { responseType, responseEncoding, maxContentLength = -1 }: KnownConfig,
  ended: () => void,
): Promise<AxiosAnswer<C>> {
  const answer: AxiosAnswer<C> = {
    data: undefined,
    status: response.status,
    statusText: STATUS_CODES[response.status] ?? '',
    headers: headersOf(response),
    config,
    request: null,
  };
  const body = response.body as ReadableStream<Uint8Array> | null;
  if (responseType === 'stream') {
    const stream = Readable.from(bounded(body, maxContentLength), { objectMode: false });
    stream.once('close', ended);
    answer.data = stream;
    return answer;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(body, maxContentLength)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (responseType === 'arraybuffer') answer.data = bytes;
  else if (responseType === 'blob') answer.data = new Blob([bytes], { type: answer.headers['content-type'] ?? '' });
  else answer.data = textOf(bytes, responseEncoding);
  ended();
  return answer;
}

async function* bounded(body: ReadableStream<Uint8Array> | null, maxBytes: number): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (maxBytes >= 0 && bytes > maxBytes) throw new LongerThanAllowed(maxBytes);
    yield chunk;
  }
}

function textOf(bytes: Buffer, encoding: string | undefined): string {
  const text = bytes.toString(encoding as BufferEncoding | undefined);
  // As axios does it: a mark of the byte order is no part of the text.
  return encoding === undefined || encoding === 'utf8' ? text.replace(/^\uFEFF/, '') : text;
}

function headersOf({ headers }: Response): Record<string, string> {
  const read: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of headers) read[name] = value;
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) read['set-cookie'] = cookies;
  // What is handed on has been decoded.
  delete read['content-encoding'];
  // A list where axios has one, too; its types say so of this name alone.
  return read as Record<string, string>;
}
