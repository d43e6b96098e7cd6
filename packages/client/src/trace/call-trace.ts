import { newSpanId, newTraceId } from '../request/ids.ts';
import type { Incoming } from './incoming.ts';
import type { CallSpan, CallToTrace, Tracing } from './tracing.ts';

/**
 * A call's place in its trace: that of the request being handled, or a new one; or what somebody says who makes spans.
 * Every call has one, so it makes nothing before that is read.
 */
export class CallTrace {
  /** The span of the call, where somebody makes spans. */
  span: CallSpan | undefined;
  readonly #incoming: Incoming | undefined;
  readonly #tracing: Tracing | undefined;
  /** The call in whose span this one is made, where it is made for another. */
  readonly #above: CallTrace | undefined;
  #traceId: string | undefined;
  #spanId: string | undefined;

  private constructor(
    incoming: Incoming | undefined,
    tracing: Tracing | undefined,
    above: CallTrace | undefined,
    traceId: string | undefined,
  ) {
    this.#incoming = incoming;
    this.#tracing = tracing;
    this.#above = above;
    this.#traceId = traceId;
  }

  static of(incoming: Incoming | undefined, tracing?: Tracing): CallTrace {
    return new CallTrace(incoming, tracing, undefined, incoming?.trace?.traceId);
  }

  /** The call begins: from here on it is where its span is, if there is one. */
  begin(call: Omit<CallToTrace, 'incoming'>): void {
    this.span = this.#tracing?.startCall({ ...call, incoming: this.#incoming }, this.#above?.span);
  }

  get traceId(): string {
    if (this.span !== undefined) return this.span.traceId;
    this.#traceId ??= newTraceId();
    return this.#traceId;
  }

  /** The span of the whole call, the parent of its exchanges'. It is never sent. */
  get spanId(): string {
    if (this.span !== undefined) return this.span.spanId;
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }

  /** The span that the call is made in, if there is one. */
  get parentSpanId(): string | undefined {
    if (this.span !== undefined) return this.span.parentSpanId;
    return this.#above === undefined ? this.#incoming?.trace?.spanId : this.#above.spanId;
  }

  /** Bit 0: sampled. */
  get flags(): number {
    return this.#incoming?.trace?.flags ?? 1;
  }

  get tracestate(): string | undefined {
    return this.#incoming?.tracestate;
  }

  get baggage(): string | undefined {
    return this.#incoming?.baggage;
  }

  /** Of another call that is made in the same span. */
  beside(): CallTrace {
    return new CallTrace(this.#incoming, this.#tracing, this.#above, this.traceId);
  }

  /** Of a call that is made in the span of this one. */
  beneath(): CallTrace {
    return new CallTrace(this.#incoming, this.#tracing, this, this.traceId);
  }
}
