import type { Call, ErrorFacts } from '@switchgear/policy';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import { InvalidRequestError } from '../errors.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import { type OpenUpload, Upload } from '../request/upload.ts';
import type { Transport, WireBody, WireRequest, WireResponse, WireStream } from '../transport/transport.ts';

/** An answer, whole or with its body to come. */
export type WireAnswer = WireResponse | WireStream;

export function isStream(answer: WireAnswer): answer is WireStream {
  return !(answer.body instanceof Uint8Array);
}

/**
 * Sends once, with a stream in at least one direction. A stream is answered with only if the status is a success: any
 * other answer is read whole, because it is about to become an error.
 * @param wantsStream Whether the answer is to be a stream.
 */
export async function sendStreamed(
  request: WireRequest,
  given: BuiltRequest['body'],
  wantsStream: boolean,
  transport: Transport,
  call: Call,
  facts: ErrorFacts,
): Promise<WireAnswer> {
  const upload = given instanceof Upload ? given.open(facts) : undefined;
  const whole: WireRequest = { ...request, body: upload ?? request.body };
  try {
    const answer = wantsStream ? await streamOf(whole, transport, call) : await transport.send(whole, call);
    if (!isStream(answer)) upload?.close();
    // An answer may begin before the request has ended, so the request may go on for as long as the answer does.
    else if (upload !== undefined) return { ...answer, body: withUpload(answer.body, upload) };
    return answer;
  } catch (error) {
    upload?.close();
    if (upload?.failure !== undefined) throw uploadFailed(upload.failure.error, facts);
    throw classifyTransportFailure(error, facts);
  }
}

async function streamOf(request: WireRequest, transport: Transport, call: Call): Promise<WireAnswer> {
  // That it can was checked when the client was made.
  const head = await transport.stream?.(request, call);
  if (head === undefined) throw new TypeError('a transport that cannot stream');
  if (head.status >= 200 && head.status < 300) return head;
  const chunks: Uint8Array[] = [];
  for await (const chunk of head.body) chunks.push(chunk);
  return { status: head.status, headers: head.headers, body: Buffer.concat(chunks) };
}

function withUpload(body: WireBody, upload: OpenUpload): WireBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* body;
      } finally {
        upload.close();
      }
    },
    destroy(reason) {
      upload.close();
      body.destroy(reason);
    },
  };
}

/** The caller's own stream gave up. That says nothing about the other side, and another attempt would not mend it. */
function uploadFailed(error: unknown, facts: ErrorFacts): InvalidRequestError {
  return new InvalidRequestError(['body: the stream failed'], {
    ...facts,
    sent: 'maybe',
    phase: 'write',
    cause: error,
  });
}
