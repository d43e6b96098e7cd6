import {
  type Context,
  context,
  isSpanContextValid,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isSwitchgearError } from '@switchgear/policy';
import { type Check, readOptions } from '@switchgear/policy/options';
import type { CallFinished, ExchangeFinished, Fate } from '../events.ts';
import { errorTypeOf } from '../metrics/request-labels.ts';
import { isHeaderValue } from '../request/headers.ts';
import type { Incoming } from '../trace/incoming.ts';
import { formatTraceparent } from '../trace/traceparent.ts';
import type { CallSpan, ExchangeSpan, ExchangeToTrace, Tracing } from '../trace/tracing.ts';
import {
  callAttributes,
  callEndAttributes,
  callName,
  exchangeAttributes,
  exchangeEndAttributes,
  exchangeName,
} from './attributes.ts';
import { type ForeignExchange, withForeignExchange } from './exchange-context.ts';
import { type HttpMode, httpMode, isOurs, isWatched } from './http-mode.ts';
import { scopeName } from './scope.ts';
import { suppressTracing } from './suppress-tracing.ts';

export interface OtelTracingOptions {
  /** What makes the spans. @default that of the global tracer provider */
  readonly tracer?: Tracer;
  /**
   * Who makes the spans of requests. `auto`: this client, unless somebody listens to undici, whose instrumentation makes
   * them already; `own`: this client; `off`: nobody, and the service sees the span of the call. @default 'auto'
   */
  readonly http?: HttpMode;
}

/** What `otelTracing` takes when it is told nothing. */
export const otelTracingDefaults: { readonly http: HttpMode } = Object.freeze({ http: 'auto' });

const aTracer: Check<Tracer> = {
  expected: 'a Tracer of OpenTelemetry',
  ok: (value): value is Tracer => typeof (value as Tracer | null)?.startSpan === 'function',
};

/**
 * Makes spans with OpenTelemetry, for the `tracing` of a client: an INTERNAL one of each call, and in it a CLIENT one of
 * each request. They are what is told to the service, by the propagator that is registered. A copy that lost its race,
 * and a caller who left, are no errors.
 * @throws ConfigError with a path such as `otelTracing.http`.
 */
export function otelTracing(options: OtelTracingOptions = {}): Tracing {
  const read = readOptions('otelTracing', options, { tracer: aTracer, http: httpMode }, otelTracingDefaults);
  const tools: Tools = { tracer: read.tracer ?? trace.getTracer(scopeName), http: read.http };
  return {
    startCall(call, within) {
      const parent = within instanceof OtelCallSpan ? within.context : surrounding(call.incoming);
      const span = tools.tracer.startSpan(
        callName(call),
        { kind: SpanKind.INTERNAL, attributes: callAttributes(call) },
        parent,
      );
      // Nobody keeps spans, and there is no trace to be in: the client makes one of its own.
      if (!isSpanContextValid(span.spanContext())) return undefined;
      return new OtelCallSpan(tools, span, parent);
    },
  };
}

interface Tools {
  readonly tracer: Tracer;
  readonly http: HttpMode;
}

/** The context that is active; where it has no span, the request being handled is what the call is made in. */
function surrounding(incoming: Incoming | undefined): Context {
  const active = context.active();
  const known = trace.getSpanContext(active);
  if ((known !== undefined && isSpanContextValid(known)) || incoming?.trace === undefined) return active;
  const { traceId, spanId, flags } = incoming.trace;
  return trace.setSpanContext(active, { traceId, spanId, traceFlags: flags, isRemote: true });
}

class OtelCallSpan implements CallSpan {
  readonly context: Context;
  readonly parentSpanId: string | undefined;
  readonly #tools: Tools;
  readonly #span: Span;
  readonly #of: SpanContext;

  constructor(tools: Tools, span: Span, parent: Context) {
    this.#tools = tools;
    this.#span = span;
    this.#of = span.spanContext();
    this.context = trace.setSpan(parent, span);
    this.parentSpanId = trace.getSpanContext(parent)?.spanId;
  }

  get traceId(): string {
    return this.#of.traceId;
  }

  get spanId(): string {
    return this.#of.spanId;
  }

  run<T>(work: () => T): T {
    return context.with(this.context, work);
  }

  startExchange(exchange: ExchangeToTrace): ExchangeSpan {
    const { http, tracer } = this.#tools;
    // What the application has put into the context since, its baggage above all, goes along.
    const active = trace.setSpan(context.active(), this.#span);
    if (http === 'off') return new SilentExchangeSpan(active, this.#of, exchange);
    if (!isOurs(http)) return new ForeignExchangeSpan(active, this.#of, exchange);
    const options = { kind: SpanKind.CLIENT, attributes: exchangeAttributes(exchange) };
    return new OtelExchangeSpan(active, tracer.startSpan(exchangeName(exchange), options, active), exchange);
  }

  end(finished: CallFinished): void {
    const { error, fate } = finished;
    this.#span.setAttributes(callEndAttributes(finished));
    if (failures.has(fate)) {
      const known = isSwitchgearError(error);
      this.#span.setAttribute('error.type', known ? error.code : '_OTHER');
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: known ? error.explain() : fate });
    }
    this.#span.end();
  }
}

/** Fates that are errors. A "no" of the service is an answer, and who left wanted none. */
const failures: ReadonlySet<Fate> = new Set<Fate>([
  'throttled',
  'refused',
  'timed-out',
  'unavailable',
  'invalid',
  'unauthenticated',
  'misused',
]);

/** The CLIENT span of one request. */
class OtelExchangeSpan implements ExchangeSpan {
  readonly headers: readonly string[];
  readonly #span: Span;
  readonly #context: Context;

  constructor(parent: Context, span: Span, exchange: ExchangeToTrace) {
    this.#span = span;
    const own = trace.setSpan(parent, span);
    this.headers = headersOf(own, span.spanContext(), exchange);
    this.#context = withoutDoubles(own);
  }

  get spanId(): string {
    return this.#span.spanContext().spanId;
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(finished: ExchangeFinished): void {
    this.#span.setAttributes(exchangeEndAttributes(finished));
    if (errorTypeOf(finished) !== undefined) {
      const { error } = finished;
      const message = isSwitchgearError(error) ? error.message : undefined;
      this.#span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
    }
    this.#span.end();
  }
}

/** A request without a span: the service sees that of the call. */
class SilentExchangeSpan implements ExchangeSpan {
  readonly headers: readonly string[];
  readonly spanId: string;
  readonly #context: Context;

  constructor(parent: Context, call: SpanContext, exchange: ExchangeToTrace) {
    this.spanId = call.spanId;
    this.headers = headersOf(parent, call, exchange);
    this.#context = withoutDoubles(parent);
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(): void {}
}

/** A request whose span somebody else makes who listens to undici, and tells the service of it. */
class ForeignExchangeSpan implements ExchangeSpan {
  readonly headers: readonly string[] = [];
  readonly #call: SpanContext;
  readonly #exchange: ForeignExchange;
  readonly #context: Context;

  constructor(parent: Context, call: SpanContext, facts: ExchangeToTrace) {
    this.#call = call;
    this.#exchange = { facts, spanId: undefined };
    const told = facts.baggage ? parent : propagation.deleteBaggage(parent);
    this.#context = withForeignExchange(told, this.#exchange);
  }

  get spanId(): string {
    return this.#exchange.spanId ?? this.#call.spanId;
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(): void {}
}

/** An instrumentation of undici would make a second span of the same request, and tell the service of that as well. */
function withoutDoubles(own: Context): Context {
  return isWatched() ? suppressTracing(own) : own;
}

/** What the registered propagator says of a span; without one, `traceparent`. */
function headersOf(own: Context, of: SpanContext, { baggage }: ExchangeToTrace): readonly string[] {
  const carrier: Record<string, unknown> = Object.create(null);
  propagation.inject(baggage ? own : propagation.deleteBaggage(own), carrier);
  const headers: string[] = [];
  for (const [name, value] of Object.entries(carrier)) {
    // What cannot be sent would fail the call, for the sake of its telemetry.
    if (typeof value === 'string' && isHeaderName(name) && isHeaderValue(value))
      headers.push(name.toLowerCase(), value);
  }
  if (headers.length > 0) return headers;
  const { spanId, traceFlags, traceId } = of;
  return ['traceparent', formatTraceparent({ traceId, spanId, flags: traceFlags })];
}

const isHeaderName = (name: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name);
