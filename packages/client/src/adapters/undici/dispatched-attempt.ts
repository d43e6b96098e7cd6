import type { Call, ErrorFacts, SwitchgearError, Unsubscribe } from '@switchgear/policy';
import { classifyTransportFailure } from '../../classify/transport-failure.ts';
import { InvalidRequestError } from '../../errors.ts';
import type { OpenUpload, Upload } from '../../request/upload.ts';
import { type Reached, TransportFailure } from '../../transport/transport.ts';
import type { DispatchController, DispatchHandler, DispatchHeaders } from './dispatching.ts';

/** What undici says of a request that should not have been made, or of a dispatcher that takes none any more. */
const callersFault: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);

/** As much of an answer that is thrown away is read, to keep its connection. */
const drainedBytes = 64 * 1024;

/** Who is told of an attempt: what goes on before there is an answer, and an answer that was chosen. */
export interface AttemptListener {
  onBodySent(chunk: Buffer): void;
  onRequestSent(): void;
  onInfo(status: number, headers: DispatchHeaders): void;
  /** It failed. What undici says is kept, and how that is judged. */
  onFailure(raw: unknown, judged: unknown): void;
}

/**
 * One attempt, and its answer if one comes. The answer waits, its body stopped, until it is known whether it is the one:
 * then it is handed over, or thrown away.
 */
export class DispatchedAttempt implements DispatchHandler {
  status = 0;
  headers: DispatchHeaders = {};
  message: string | undefined;
  readonly #call: Call;
  readonly #facts: ErrorFacts;
  readonly #upload: Upload | undefined;
  readonly #sending: OpenUpload | undefined;
  readonly #listener: AttemptListener;
  readonly #answered: (attempt: DispatchedAttempt) => void;
  readonly #failed: (reason: unknown) => void;
  #leaveCall: Unsubscribe | undefined;
  #controller: DispatchController | undefined;
  #reached: Reached = 'nothing';
  #settled = false;
  #ended = false;
  /** Frees the places that its answer takes. */
  #release: (() => void) | undefined;
  readonly #onEnd: (() => void)[] = [];
  /** What came before it was known what to do with it. */
  #waiting: ((to: DispatchHandler, controller: DispatchController) => void)[] = [];
  #to: { readonly handler: DispatchHandler; readonly controller: DispatchController } | undefined;
  #dropped = false;
  #droppedBytes = 0;

  constructor(
    call: Call,
    upload: Upload | undefined,
    listener: AttemptListener,
    answered: (attempt: DispatchedAttempt) => void,
    failed: (reason: unknown) => void,
  ) {
    const { target, operation, attempt } = call;
    this.#call = call;
    this.#facts = { target, operation, attempts: attempt };
    this.#upload = upload;
    this.#sending = upload?.open(this.#facts);
    this.#listener = listener;
    this.#answered = answered;
    this.#failed = failed;
    call.progress('queue', 'never');
    // Runs at once where the call has been cancelled already.
    const leave = call.onCancel((reason) => this.#cancel(reason));
    if (!this.#settled) this.#leaveCall = leave;
  }

  /** The connection's side of it. */
  get controller(): DispatchController | undefined {
    return this.#controller;
  }

  /** What it sends, where that is a stream. */
  get sending(): OpenUpload | undefined {
    return this.#sending;
  }

  /** Whether what was sent is used up, and cannot be sent again. */
  get spent(): boolean {
    return this.#upload?.spent ?? false;
  }

  /** Whether it is over already: cancelled before it began. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Runs once nothing more comes of it. */
  onEnd(run: () => void): void {
    if (this.#ended) run();
    else this.#onEnd.push(run);
  }

  /** This is the answer: the handler hears what has come of it, and what will. */
  handTo(handler: DispatchHandler, controller: DispatchController): void {
    this.#to = { handler, controller };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell(handler, controller);
  }

  /** It is not wanted: what little is left is read, and otherwise its connection goes. */
  drop(reason: unknown): void {
    if (this.#dropped || this.#ended) return;
    this.#dropped = true;
    this.#waiting = [];
    this.#free();
    const length = Number(this.headers['content-length']);
    if (length > drainedBytes) this.abort(reason);
    else this.#controller?.resume();
  }

  /** Ends it now, wherever it is. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted', { cause: reason }));
  }

  onRequestStart(controller: DispatchController): void {
    this.#controller = controller;
    // Given up while it waited for a connection: nothing has been written, and nothing is.
    if (this.#settled) {
      controller.abort(new Error('given up'));
      return;
    }
    this.#reached = 'request';
    this.#call.progress('write', 'maybe');
  }

  onBodySent(chunk: Buffer): void {
    if (!this.#settled) this.#listener.onBodySent(chunk);
  }

  onRequestSent(): void {
    if (this.#settled) return;
    // A fast server may have answered while the body was still being written.
    if (this.#reached !== 'response') this.#call.progress('wait', 'maybe');
    this.#listener.onRequestSent();
  }

  onResponseStart(controller: DispatchController, status: number, headers: DispatchHeaders, message?: string): void {
    if (this.#settled) return;
    if (status < 200) {
      this.#listener.onInfo(status, headers);
      return;
    }
    this.#reached = 'response';
    this.status = status;
    this.headers = headers;
    this.message = message;
    this.#call.progress('body', 'answered');
    // Whatever the call has taken stays taken until the body has ended.
    this.#release = this.#call.hold();
    controller.pause();
    this.#settle();
    this.#answered(this);
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.#dropped) {
      this.#droppedBytes += chunk.length;
      if (this.#droppedBytes > drainedBytes) controller.abort(new Error('the answer is not wanted'));
      return;
    }
    this.#tell((to, by) => to.onResponseData?.(by, chunk));
  }

  onResponseEnd(controller: DispatchController, trailers: DispatchHeaders): void {
    this.#tell((to, by) => {
      by.rawTrailers = controller.rawTrailers;
      to.onResponseEnd?.(by, trailers);
    });
    this.#end();
  }

  onResponseError(_: DispatchController | null | undefined, error: Error): void {
    if (!this.#settled) {
      this.#settle();
      this.#failed(this.#judge(error));
    } else if (this.#reached === 'response') {
      this.#tell((to, by) => to.onResponseError?.(by, error));
    }
    this.#end();
  }

  /** What undici says, in the words in which retry and breaker judge it. */
  #judge(error: unknown): unknown {
    const failure = this.#sending?.failure;
    const raw = failure === undefined ? error : failure.error;
    const code = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'code') : undefined;
    const sent = this.#reached === 'nothing' ? 'never' : 'maybe';
    const judged =
      failure !== undefined || callersFault.has(code)
        ? new InvalidRequestError(['not to be sent like this'], { ...this.#facts, sent, phase: 'write' })
        : (classifyTransportFailure(new TransportFailure(this.#reached, raw), this.#facts) as SwitchgearError);
    this.#listener.onFailure(raw, judged);
    return judged;
  }

  #tell(tell: (to: DispatchHandler, controller: DispatchController) => void): void {
    if (this.#dropped) return;
    if (this.#to === undefined) this.#waiting.push(tell);
    else tell(this.#to.handler, this.#to.controller);
  }

  #cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#settle();
    // Still waiting for a connection: `onRequestStart` ends it then, and the connection is kept for the next.
    this.abort(reason);
    this.#failed(reason);
    this.#end();
  }

  #settle(): void {
    this.#settled = true;
    this.#leaveCall?.();
  }

  #free(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sending?.close();
    this.#free();
    for (const run of this.#onEnd) run();
  }
}
