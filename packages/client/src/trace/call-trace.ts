import { newSpanId, newTraceId } from '../request/ids.ts';
import type { Incoming } from './incoming.ts';

/** A call's place in its trace: that of the request being handled, or a new one. */
export class CallTrace {
  readonly traceId: string;
  /** Bit 0: sampled. */
  readonly flags: number;
  readonly tracestate: string | undefined;
  /** The span that the call is made in, if the incoming request brought one. */
  readonly parentSpanId: string | undefined;
  #spanId: string | undefined;

  constructor(incoming: Incoming | undefined) {
    this.traceId = incoming?.trace?.traceId ?? newTraceId();
    this.flags = incoming?.trace?.flags ?? 1;
    this.tracestate = incoming?.tracestate;
    this.parentSpanId = incoming?.trace?.spanId;
  }

  /** The span of the whole call, the parent of its exchanges'. Made when first read: it is never sent. */
  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }
}
