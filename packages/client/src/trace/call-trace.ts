import { newSpanId, newTraceId } from '../request/ids.ts';
import type { Incoming } from './incoming.ts';

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

/** A call's place in its trace: that of the request being handled, or a new one. */
export class CallTrace implements Place {
  readonly traceId: string;
  readonly flags: number;
  readonly tracestate: string | undefined;
  readonly baggage: string | undefined;
  readonly parentSpanId: string | undefined;
  #spanId: string | undefined;

  private constructor({ traceId, flags, tracestate, baggage, parentSpanId }: Place) {
    this.traceId = traceId;
    this.flags = flags;
    this.tracestate = tracestate;
    this.baggage = baggage;
    this.parentSpanId = parentSpanId;
  }

  static of(incoming: Incoming | undefined): CallTrace {
    return new CallTrace({
      traceId: incoming?.trace?.traceId ?? newTraceId(),
      flags: incoming?.trace?.flags ?? 1,
      tracestate: incoming?.tracestate,
      baggage: incoming?.baggage,
      parentSpanId: incoming?.trace?.spanId,
    });
  }

  /** The span of the whole call, the parent of its exchanges'. Made when first read: it is never sent. */
  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }

  /** Of another call that is made in the same span. */
  beside(): CallTrace {
    return new CallTrace(this);
  }

  /** Of a call that is made in the span of this one. */
  beneath(): CallTrace {
    const { traceId, flags, tracestate, baggage, spanId } = this;
    return new CallTrace({ traceId, flags, tracestate, baggage, parentSpanId: spanId });
  }
}
