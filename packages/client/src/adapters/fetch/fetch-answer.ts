import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import type { ErrorFacts } from '@switchgear/policy';
import { Streamed } from '../../response/streamed-answer.ts';
import type { WireBody, WireResponse } from '../../transport/transport.ts';
import { bodyFailure } from './fetch-failure.ts';

/** Named by what takes it: Node's own types have no name for it. */
type ResponseBody = ConstructorParameters<typeof Response>[0];

/** Statuses that come without a body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** An answer as the web has it. Its body is what it was: streamed, bounded, and tied to its call until it ends. */
export async function responseOf(answer: Streamed, method: string): Promise<Response> {
  const { status } = answer;
  const isBodiless = method === 'HEAD' || bodiless.has(status);
  // Nothing comes, so its place is free as soon as that has been seen.
  if (isBodiless) await answer.body.getReader().read();
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) headers.append(name, each);
  }
  return new Response(isBodiless ? null : (relayed(answer) as ResponseBody), { status, headers });
}

/** An answer that came whole, as one that comes in a stream: decoded the same way, within the same limit. */
export function streamedOf(answer: WireResponse, maxBodyBytes: number, facts: ErrorFacts): Streamed {
  return new Streamed({ ...answer, body: bodyOf(answer.body) }, maxBodyBytes, facts);
}

function bodyOf(bytes: Uint8Array): WireBody {
  return {
    async *[Symbol.asyncIterator]() {
      if (bytes.length > 0) yield bytes;
    },
    destroy() {},
  };
}

/** The body, with the failures that `fetch` has. */
function relayed({ body }: Streamed): ReadableStream<Uint8Array> {
  // Made when somebody reads: until then, closing the client may end a body that nobody has begun.
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
        try {
          reader ??= body.getReader();
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(bodyFailure(error));
        }
      },
      cancel: (reason) => (reader ?? body).cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
