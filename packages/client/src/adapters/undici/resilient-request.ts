import type { Call, CallOptions, Policy, Registry, Standard } from '@switchgear/policy';
import { Upload } from '../../request/upload.ts';
import type { DeadlineHeader } from '../../trace/deadline-header.ts';
import { type AttemptListener, DispatchedAttempt } from './dispatched-attempt.ts';
import { withHeader } from './dispatched-headers.ts';
import type { Dispatch, DispatchController, DispatchHandler, DispatchHeaders, DispatchOptions } from './dispatching.ts';
import { StableController } from './stable-controller.ts';

/** What all requests of one interceptor have in common. */
export interface RequestTools {
  readonly stacks: Registry<Standard>;
  /** Ends at a deadline what goes on after the stack: the body. */
  readonly inTime: Policy;
  readonly deadlineHeader: DeadlineHeader | undefined;
  readonly now: () => number;
}

/** What is known of a request before it is sent. */
export interface KnownRequest {
  readonly options: DispatchOptions;
  readonly origin: string;
  /** An `Upload` where it can be sent once only. */
  readonly body: unknown;
  readonly call: CallOptions & { readonly deadline: number };
}

/** One request, sent as often as its stack has it; its handler hears of one answer or one failure. */
export class ResilientRequest implements AttemptListener {
  readonly #request: KnownRequest;
  readonly #dispatch: Dispatch;
  readonly #handler: DispatchHandler;
  readonly #tools: RequestTools;
  readonly #leave = new AbortController();
  readonly #controller = new StableController((reason) => this.#abort(reason));
  /** Attempts that have been answered and not been chosen. */
  readonly #open = new Set<DispatchedAttempt>();
  /** The one whose answer the handler is given. */
  #chosen: DispatchedAttempt | undefined;
  /** What undici said, by how it was judged: the handler is told in undici's own words. */
  readonly #raw = new Map<unknown, unknown>();
  #done = false;

  constructor(request: KnownRequest, dispatch: Dispatch, handler: DispatchHandler, tools: RequestTools) {
    this.#request = request;
    this.#dispatch = dispatch;
    this.#handler = handler;
    this.#tools = tools;
  }

  begin(): void {
    const { origin, call } = this.#request;
    try {
      // Before anything is waited for, so that whoever waits can leave: a queue and a back-off come first.
      this.#handler.onRequestStart?.(this.#controller, {});
    } catch (error) {
      this.#controller.abort(error as Error);
    }
    this.#tools.stacks
      .execute(origin, (each) => this.#attempt(each), { ...call, signal: this.#leave.signal })
      .then(
        (answer) => this.#give(answer),
        (error) => this.#fail(error),
      );
  }

  #attempt(call: Call): Promise<DispatchedAttempt> {
    const { options, body } = this.#request;
    return new Promise((resolve, reject) => {
      const upload = body instanceof Upload ? body : undefined;
      const answered = (attempt: DispatchedAttempt): void => {
        this.#open.add(attempt);
        attempt.onEnd(() => this.#open.delete(attempt));
        resolve(attempt);
      };
      const attempt = new DispatchedAttempt(call, upload, this, answered, reject);
      if (attempt.settled) return;
      const headers = this.#headersFor(call);
      try {
        this.#dispatch({ ...options, headers, body: attempt.sending ?? body }, attempt);
      } catch (error) {
        attempt.onResponseError(undefined, error as Error);
      }
    });
  }

  #headersFor(call: Call): unknown {
    const { deadlineHeader, now } = this.#tools;
    const { headers } = this.#request.options;
    const left = deadlineHeader?.valueFor(call.deadline - now());
    return left === undefined ? headers : withHeader(headers, (deadlineHeader as DeadlineHeader).name, left);
  }

  #give(answer: DispatchedAttempt): void {
    if (this.#done) return;
    this.#chosen = answer;
    this.#dropOthers();
    const { target, operation, deadline } = this.#request.call;
    const body = (call: Call): Promise<void> => {
      call.progress('body', 'answered');
      return new Promise((resolve) => answer.onEnd(resolve));
    };
    // The deadline is for all of it.
    this.#tools.inTime.execute(body, { target, operation, deadline }).catch((error) => this.#fail(error));
    const controller = answer.controller as DispatchController;
    this.#controller.answeredBy(controller);
    try {
      this.#handler.onResponseStart?.(this.#controller, answer.status, answer.headers, answer.message);
    } catch (error) {
      this.#controller.abort(error as Error);
    }
    if (this.#done) return;
    answer.handTo(this.#guarded, this.#controller);
    if (!this.#controller.paused) controller.resume();
  }

  /** The handler, for an answer that it has been given. What it throws ends its request, as it would without us. */
  readonly #guarded: DispatchHandler = {
    onResponseData: (controller, chunk) => {
      if (this.#done) return;
      try {
        this.#handler.onResponseData?.(controller, chunk);
      } catch (error) {
        controller.abort(error as Error);
      }
    },
    onResponseEnd: (controller, trailers) => {
      if (this.#done) return;
      this.#done = true;
      this.#handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (_, error) => this.#fail(error),
  };

  #abort(reason: Error): void {
    if (this.#chosen === undefined) this.#leave.abort(reason);
    else this.#fail(reason);
  }

  /** The one failure that is told, and nothing after it. */
  #fail(error: unknown): void {
    if (this.#done) return;
    this.#done = true;
    this.#dropOthers();
    this.#chosen?.abort(error);
    this.#handler.onResponseError?.(this.#controller, (this.#raw.get(error) ?? error) as Error);
  }

  #dropOthers(): void {
    for (const attempt of this.#open) if (attempt !== this.#chosen) attempt.drop(new Error('answered otherwise'));
  }

  onBodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onInfo(status: number, headers: DispatchHeaders): void {
    this.#handler.onResponseStart?.(this.#controller, status, headers);
  }

  onFailure(raw: unknown, judged: unknown): void {
    this.#raw.set(judged, raw);
  }
}
