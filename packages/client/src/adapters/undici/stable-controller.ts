import type { DispatchController } from './dispatching.ts';

/**
 * The controller that a handler is given once, and keeps: beneath it one attempt follows the other, each with a controller
 * of its own.
 */
export class StableController implements DispatchController {
  rawHeaders: unknown = null;
  rawTrailers: unknown = null;
  reason: Error | null = null;
  paused = false;
  readonly #onAbort: (reason: Error) => void;
  /** That of the attempt whose answer the handler is being given. */
  #answering: DispatchController | undefined;

  constructor(onAbort: (reason: Error) => void) {
    this.#onAbort = onAbort;
  }

  get aborted(): boolean {
    return this.reason !== null;
  }

  abort(reason: Error): void {
    if (this.reason !== null) return;
    this.reason = reason;
    this.#onAbort(reason);
  }

  pause(): void {
    this.paused = true;
    this.#answering?.pause();
  }

  resume(): void {
    this.paused = false;
    this.#answering?.resume();
  }

  /** From now on the handler holds on to this attempt. */
  answeredBy(attempt: DispatchController): void {
    this.#answering = attempt;
    this.rawHeaders = attempt.rawHeaders;
  }
}
