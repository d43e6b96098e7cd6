import { newSpanId, newTraceId } from '../request/ids.ts';
import type { Incoming } from './incoming.ts';
import type { CallSpan, CallToTrace, Tracing } from './tracing.ts';

/** What the calls of one trace that are made in one span have in common. */
interface Place {
  readonly traceId: string;
  /** Bit 0: sampled. */
  readonly flags: number;
  readonly tracestate: string | undefined;
  readonly baggage: string | undefined;
  /** The span that the call is made in, if the incoming request brought one. */
  readonly parentSpanId: string | undefined;
}

/**
 * A call's place in its trace: that of the request being handled, or a new one; or what somebody says who makes spans.
 */
export class CallTrace implements Place {
  /** The span of the call, where somebody makes spans. */
  span: CallSpan | undefined;
  readonly flags: number;
  readonly tracestate: string | undefined;
  readonly baggage: string | undefined;
  readonly #tracing: Tracing | undefined;
  readonly #incoming: Incoming | undefined;
  /** Where this is not the span that is active. */
  readonly #within: CallSpan | undefined;
  readonly #parentSpanId: string | undefined;
  #traceId: string | undefined;
  #spanId: string | undefined;

  private constructor(
    { flags, tracestate, baggage, parentSpanId }: Omit<Place, 'traceId'>,
    traceId: string | undefined,
    tracing: Tracing | undefined,
    incoming: Incoming | undefined,
    within: CallSpan | undefined,
  ) {
    this.flags = flags;
    this.tracestate = tracestate;
    this.baggage = baggage;
    this.#parentSpanId = parentSpanId;
    this.#traceId = traceId;
    this.#tracing = tracing;
    this.#incoming = incoming;
    this.#within = within;
  }

  static of(incoming: Incoming | undefined, tracing?: Tracing): CallTrace {
    const place = {
      flags: incoming?.trace?.flags ?? 1,
      tracestate: incoming?.tracestate,
      baggage: incoming?.baggage,
      parentSpanId: incoming?.trace?.spanId,
    };
    return new CallTrace(place, incoming?.trace?.traceId, tracing, incoming, undefined);
  }

  /** The call begins: from here on it is where its span is, if there is one. */
  begin(call: Omit<CallToTrace, 'incoming'>): void {
    this.span = this.#tracing?.startCall({ ...call, incoming: this.#incoming }, this.#within);
  }

  /** Made when first read, and nobody brought one. */
  get traceId(): string {
    if (this.span !== undefined) return this.span.traceId;
    this.#traceId ??= newTraceId();
    return this.#traceId;
  }

  /** The span of the whole call, the parent of its exchanges'. Made when first read: it is never sent. */
  get spanId(): string {
    if (this.span !== undefined) return this.span.spanId;
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }

  get parentSpanId(): string | undefined {
    return this.span === undefined ? this.#parentSpanId : this.span.parentSpanId;
  }

  /** Of another call that is made in the same span. */
  beside(): CallTrace {
    return new CallTrace(this, this.traceId, this.#tracing, this.#incoming, this.#within);
  }

  /** Of a call that is made in the span of this one. */
  beneath(): CallTrace {
    const { flags, tracestate, baggage, spanId, span } = this;
    const place = { flags, tracestate, baggage, parentSpanId: spanId };
    return new CallTrace(place, this.traceId, this.#tracing, this.#incoming, span);
  }
}
