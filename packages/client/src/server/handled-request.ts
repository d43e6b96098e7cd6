import type { Runtime, SwitchgearError } from '@switchgear/policy';
import { isGivenUp } from '../call/given-up.ts';
import type { AttemptCount } from '../trace/attempt-count.ts';
import { type Incoming, incomingReader, withIncoming } from '../trace/incoming.ts';
import type { TraceParent } from '../trace/traceparent.ts';
import { LateRequestError } from './late-request.ts';
import type { ServerOptions } from './options.ts';
import type { RawRequest, RawResponse } from './raw.ts';
import { requestIdOf } from './request-id.ts';
import { stopRetriesNow, stopRetriesOfFailure } from './stop-retries.ts';

/** What takes requests in, whichever the framework. */
export class RequestIntake {
  readonly #read: ReturnType<typeof incomingReader>;
  readonly #options: Required<ServerOptions>;
  readonly #runtime: Runtime;

  constructor(options: Required<ServerOptions>, runtime: Runtime) {
    this.#read = incomingReader(options, runtime);
    this.#options = options;
    this.#runtime = runtime;
  }

  /** A request arrives: from now on its time is running. */
  take(request: RawRequest, response: RawResponse): HandledRequest {
    const incoming = { ...this.#read(request.headers), requestId: requestIdOf(request) };
    return new HandledRequest(incoming, response, this.#options, this.#runtime);
  }
}

/** A request that is being handled: what it hands on to the calls made for it, and what those tell about its response. */
export class HandledRequest implements Incoming {
  readonly deadline: number;
  readonly trace: TraceParent | undefined;
  readonly tracestate: string | undefined;
  readonly requestId: string;
  readonly baggage: string | undefined;
  readonly attempt: AttemptCount | undefined;
  readonly meshAttempt: number | undefined;
  readonly onGivenUp: ((error: SwitchgearError) => void) | undefined;
  readonly #response: RawResponse;
  readonly #lateStatus: number | false;
  readonly #cancels: boolean;
  readonly #runtime: Runtime;
  #gone: AbortController | undefined;
  #stopsRetries = false;

  constructor(
    incoming: Incoming & { readonly requestId: string },
    response: RawResponse,
    { lateStatus, cancelOnDisconnect, stopRetries }: Required<ServerOptions>,
    runtime: Runtime,
  ) {
    this.deadline = incoming.deadline;
    this.trace = incoming.trace;
    this.tracestate = incoming.tracestate;
    this.requestId = incoming.requestId;
    this.baggage = incoming.baggage;
    this.attempt = incoming.attempt;
    this.meshAttempt = incoming.meshAttempt;
    this.onGivenUp = stopRetries ? () => this.#stopRetries() : undefined;
    this.#response = response;
    this.#lateStatus = lateStatus;
    this.#cancels = cancelOnDisconnect;
    this.#runtime = runtime;
    response.setHeader('x-request-id', incoming.requestId);
  }

  /** Aborted when its sender has left before it was answered. Made when first read, as most calls are not cancelled. */
  get signal(): AbortSignal | undefined {
    if (!this.#cancels) return undefined;
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      const response = this.#response;
      const closed = (): void => {
        // Closed it is also when all has gone well, and then whatever still runs for it may end.
        if (!response.writableEnded) gone.abort(new DOMException('the sender of the request has left', 'AbortError'));
      };
      if (response.closed === true) closed();
      else response.once('close', closed);
    }
    return this.#gone.signal;
  }

  /** The error to answer with if its caller has stopped waiting, and that is to be answered. */
  get late(): LateRequestError | undefined {
    if (this.#lateStatus === false || this.#runtime.clock.now() < this.deadline) return undefined;
    stopRetriesNow(this.#response);
    return new LateRequestError(this.#lateStatus);
  }

  /** Runs a part of its handling, so that the calls in there are made for it. */
  run<T>(handle: () => T): T {
    return withIncoming(this, handle, this.#runtime);
  }

  /** What an emitter tells its listeners, it tells them as a part of the handling; a socket knows nothing of it. */
  bind(emitter: Pick<RawRequest, 'emit'>): void {
    const { emit } = emitter;
    emitter.emit = (...values: Parameters<typeof emit>): boolean =>
      this.run(() => Reflect.apply(emit, emitter, values));
  }

  /** Its handling has failed. What it failed with may tell of a policy that no client has told of. */
  failedWith(error: unknown): void {
    if (this.onGivenUp === undefined) return;
    for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
      if (isGivenUp(at)) this.onGivenUp(at);
    }
  }

  #stopRetries(): void {
    if (this.#stopsRetries || this.#response.headersSent) return;
    this.#stopsRetries = true;
    stopRetriesOfFailure(this.#response);
  }
}
