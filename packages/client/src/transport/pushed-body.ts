import type { WireBody } from './transport.ts';

/** What a body asks of the connection that fills it. */
export interface Flow {
  /** More has come than is being read. */
  pause(): void;
  resume(): void;
  /** The rest is not wanted. */
  stop(reason: unknown): void;
}

/** As much waits for its reader before the other side has to. */
const highWaterBytes = 64 * 1024;

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/** A body that a connection pushes and a reader pulls: what is not read stops the connection, and so the other side. */
export class PushedBody implements WireBody {
  readonly #flow: Flow;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  /** Set once nothing more comes: with the reason, or without one at the end. */
  #over: { readonly failed: boolean; readonly reason: unknown } | undefined;
  #reader: Reader | undefined;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  push(chunk: Uint8Array): void {
    if (this.#over !== undefined || chunk.length === 0) return;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#paused || this.#queuedBytes < highWaterBytes) return;
    this.#paused = true;
    this.#flow.pause();
  }

  end(): void {
    if (this.#over !== undefined) return;
    this.#over = { failed: false, reason: undefined };
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  /** It broke off. What had come by then can still be read. */
  fail(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { failed: true, reason };
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  destroy(reason: unknown): void {
    this.#queue.length = 0;
    if (this.#over !== undefined) return;
    this.fail(reason);
    this.#flow.stop(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.destroy(new Error('not read to its end'));
        return { done: true, value: undefined };
      },
    };
  }

  #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#paused && this.#queuedBytes === 0) {
        this.#paused = false;
        this.#flow.resume();
      }
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#over?.failed === true) return Promise.reject(this.#over.reason);
    if (this.#over !== undefined) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }
}
