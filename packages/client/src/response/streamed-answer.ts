import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import type { ErrorFacts } from '@switchgear/policy';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import type { StreamedAnswer } from '../contract/operation.ts';
import { InvalidResponseError, ResponseTooLargeError } from '../errors.ts';
import { BodyTooLarge, type WireBody, type WireStream } from '../transport/transport.ts';
import { Undecodable } from './decode-body.ts';
import { decodeStream } from './decode-stream.ts';

/** How a streamed body ended. */
export type StreamEnd =
  | { readonly how: 'read' }
  /** Its reader stopped before the end. */
  | { readonly how: 'left' }
  | { readonly how: 'failed'; readonly error: unknown };

/** An answer whose body is on its way. Until it has ended, what the call took stays taken. */
export class Streamed implements StreamedAnswer {
  readonly status: number;
  readonly headers: WireStream['headers'];
  readonly body: ReadableStream<Uint8Array>;
  readonly #wire: WireBody;
  readonly #facts: ErrorFacts;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #onEnd: ((end: StreamEnd) => void)[] = [];
  #end: StreamEnd | undefined;
  #begun = false;

  /** @throws ResponseTooLargeError | InvalidResponseError if the body is encoded in a way that is not undone. */
  constructor(head: WireStream, maxBodyBytes: number, facts: ErrorFacts) {
    this.status = head.status;
    this.headers = head.headers;
    this.#facts = facts;
    try {
      this.#wire = decodeStream(head.body, head.headers['content-encoding'], maxBodyBytes);
    } catch (error) {
      head.body.destroy(error);
      throw this.#inWords(error);
    }
    this.#chunks = this.#wire[Symbol.asyncIterator]();
    // Nothing ahead of the reader: what it does not take stays with the other side.
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#finish({ how: 'left' }),
      },
      { highWaterMark: 0 },
    );
  }

  /** Runs once it has ended, and before its reader hears of that: by then everything is free again. */
  onEnd(run: (end: StreamEnd) => void): void {
    if (this.#end === undefined) this.#onEnd.push(run);
    else run(this.#end);
  }

  /** Whether anybody has begun to read it. */
  get begun(): boolean {
    return this.#begun || this.body.locked;
  }

  /** Ends it for its reader, too: what is read from now on rejects with the reason. */
  destroy(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#finish({ how: 'failed', error: reason });
    this.#controller.error(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end !== undefined) return;
    this.#finish({ how: 'left' });
    this.#controller.error(new Error('the answer has been disposed of'));
  }

  async #pull(): Promise<void> {
    this.#begun = true;
    try {
      const next = await this.#chunks.next();
      if (this.#end !== undefined) return;
      if (next.done !== true) {
        // A copy of its own: a chunk is a window on a buffer that holds what came before and after it as well.
        this.#controller.enqueue(new Uint8Array(next.value));
        return;
      }
      this.#finish({ how: 'read' });
      this.#controller.close();
    } catch (error) {
      this.destroy(this.#inWords(error));
    }
  }

  #finish(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (end.how !== 'read') this.#wire.destroy(end.how === 'failed' ? end.error : new Error('not read to its end'));
    for (const run of this.#onEnd) run(end);
  }

  #inWords(error: unknown): unknown {
    const facts: ErrorFacts = { ...this.#facts, sent: 'answered', phase: 'body' };
    if (error instanceof BodyTooLarge) return new ResponseTooLargeError(`the body has ${error.message}`, facts);
    if (error instanceof Undecodable) return new InvalidResponseError(this.status, [error.message], facts);
    return classifyTransportFailure(error, facts);
  }
}

/** The streams that the attempts of one call have opened: but for the one that its caller is given, they are destroyed. */
export class StreamsOfCall {
  readonly #open = new Set<Streamed>();
  #settled = false;

  add(streamed: Streamed): void {
    // A copy of the call that lost its race, and answers now.
    if (this.#settled) streamed.destroy(notWanted());
    else this.#open.add(streamed);
  }

  /** The call has ended, with one of them or without. */
  settle(kept: unknown): void {
    this.#settled = true;
    for (const streamed of this.#open) if (streamed !== kept) streamed.destroy(notWanted());
    this.#open.clear();
  }
}

const notWanted = (): Error => new Error('the call has been answered otherwise');
