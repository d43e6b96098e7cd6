import type { CallFinished, ExchangeFinished } from '../events.ts';
import type { Incoming } from './incoming.ts';

/**
 * What makes spans of calls and exchanges, and says how they are told on the wire: `otelTracing(…)` of
 * `@switchgear/client/otel`, or one of your own. It must not throw; where it is not given, a client mints and forwards
 * `traceparent` by itself, and this costs nothing.
 */
export interface Tracing {
  /**
   * A call begins.
   * @param within The span that it is made in, where that is not the one that is active: a call made for several others.
   * @returns Its span, or `undefined` where nobody keeps any: then the client goes on as without.
   */
  startCall(call: CallToTrace, within?: CallSpan): CallSpan | undefined;
}

/** What is known of a call that begins. */
export interface CallToTrace {
  readonly target: string;
  readonly operation: string;
  readonly method: string;
  /** The path, that of the base URL included, with its parameters as they stand in the contract. */
  readonly template: string;
  readonly requestId: string;
  /** The request being handled, if there is one. */
  readonly incoming: Incoming | undefined;
}

/** Where a call or an exchange stands in its trace. */
export interface SpanPlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** The span of a call. */
export interface CallSpan extends SpanPlace {
  readonly parentSpanId: string | undefined;
  /** Runs something in this span: what it begins has it as its parent. */
  run<T>(work: () => T): T;
  /** A request is about to be sent. */
  startExchange(exchange: ExchangeToTrace): ExchangeSpan;
  /** The call has ended; of one that was answered with a stream, its body. */
  end(finished: CallFinished): void;
}

/** What is known of a request that is about to be sent. */
export interface ExchangeToTrace {
  /** 1 for the first. */
  readonly attempt: number;
  readonly kind: ExchangeFinished['kind'];
  /** How many exchanges of the same call had begun before. */
  readonly resends: number;
  readonly method: string;
  readonly template: string;
  /** Who is asked: scheme, host and port. */
  readonly host: string;
  /** Whether what was put into the baggage may be told there. */
  readonly baggage: boolean;
}

/** The span of one request and its answer. */
export interface ExchangeSpan {
  /** As it is sent. May be known only once it has been. */
  readonly spanId: string;
  /** What tells the service of it: names in lower case and values, in turn. */
  readonly headers: readonly string[];
  /** Runs what sends it, in this span. */
  run<T>(work: () => T): T;
  end(finished: ExchangeFinished): void;
}
