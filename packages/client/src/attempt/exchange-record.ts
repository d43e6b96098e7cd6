import {
  AttemptTimeoutError,
  type Call,
  DeadlineExceededError,
  isSwitchgearError,
  type Phase,
  type Sent,
  type Unsubscribe,
} from '@switchgear/policy';
import type { ExchangeFinished } from '../events.ts';
import { newSpanId } from '../request/ids.ts';
import { PhaseClock } from '../timing/phase-clock.ts';
import type { ExchangeSpan } from '../trace/tracing.ts';
import type { WireResponse } from '../transport/transport.ts';
import type { AttemptTools, Sending } from './attempt.ts';

/**
 * One request and its answer, for `exchange.finished` and for its span. Made only while somebody wants one of them. It
 * is told of once, whatever becomes of it: work that ignores its cancellation is told of when it is given up.
 */
export class ExchangeRecord {
  readonly #ownSpanId: string = newSpanId();
  #span: ExchangeSpan | undefined;
  readonly #call: Call;
  readonly #sending: Sending;
  readonly #tools: AttemptTools;
  readonly #kind: ExchangeFinished['kind'];
  readonly #resends: number;
  readonly #startedAt: number;
  readonly #clock: PhaseClock;
  readonly #leaveCall: Unsubscribe | undefined;
  #sent: Sent = 'never';
  #phase: Phase = 'call';
  #answer: Pick<WireResponse, 'status' | 'origin' | 'protocol'> | undefined;
  #injected: ExchangeFinished['injected'];
  #finished = false;

  /**
   * The record of what is about to be sent, or `undefined` if nobody wants to hear of it.
   * @param again Whether the same attempt has had an answer already, which led to this one.
   */
  static of(call: Call, sending: Sending, tools: AttemptTools, again: boolean): ExchangeRecord | undefined {
    const { progress } = sending;
    const resends = progress.exchanges++;
    if (sending.trace.span === undefined && !tools.events.wants('exchange.finished')) return undefined;
    return new ExchangeRecord(call, sending, tools, resends, again);
  }

  private constructor(call: Call, sending: Sending, tools: AttemptTools, resends: number, again: boolean) {
    const { open } = sending.progress;
    const now = tools.runtime.clock.now();
    this.#call = call;
    this.#sending = sending;
    this.#tools = tools;
    this.#kind = again ? 'resend' : kindOf(call);
    this.#resends = resends;
    this.#startedAt = now;
    this.#clock = new PhaseClock(now);
    open.push(this);
    this.#leaveCall = call.onCancel((reason) => this.failed(reason, !isOutOfTime(reason)));
  }

  get spanId(): string {
    return this.#span?.spanId ?? this.#ownSpanId;
  }

  /** It is about to be sent. @returns Its span, where somebody makes spans. */
  sending(): ExchangeSpan | undefined {
    const { trace, request } = this.#sending;
    const { headers, origin, prefix, reader } = this.#tools;
    this.#span = trace.span?.startExchange({
      attempt: this.#call.attempt,
      kind: this.#kind,
      resends: this.#resends,
      method: request.method,
      template: prefix + reader.definition.path.template,
      host: origin,
      baggage: headers.tellsBaggageTo(origin),
    });
    return this.#span;
  }

  enter(phase: Phase, sent: Sent, at: number): void {
    this.#phase = phase;
    this.#sent = sent;
    this.#clock.enter(phase, at);
  }

  answered(answer: Pick<WireResponse, 'status' | 'origin' | 'protocol'>): void {
    this.#answer = answer;
  }

  /** A fault that an operator injects has hit it. */
  hitBy(kind: ExchangeFinished['injected']): void {
    this.#injected = kind;
  }

  /** It has ended, with an answer that is made use of or leads to another exchange. */
  done(): void {
    this.#finish(undefined, false);
  }

  failed(error: unknown, cancelled = false): void {
    this.#finish(error, cancelled);
  }

  #finish(error: unknown, cancelled: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#leaveCall?.();
    const { events, origin, reader, prefix, runtime } = this.#tools;
    const { progress, trace, request } = this.#sending;
    progress.open.splice(progress.open.indexOf(this), 1);
    const at = runtime.clock.now();
    const { target, operation, attempt } = this.#call;
    const finished: ExchangeFinished = {
      type: 'exchange.finished',
      at,
      target,
      operation,
      attempt,
      kind: this.#kind,
      resends: this.#resends,
      method: request.method,
      template: prefix + reader.definition.path.template,
      host: this.#answer?.origin ?? origin,
      protocol: this.#answer?.protocol,
      status: this.#answer?.status,
      error,
      code: isSwitchgearError(error) ? error.code : undefined,
      sent: this.#sent,
      phase: this.#phase,
      cancelled,
      injected: this.#injected,
      traceId: trace.traceId,
      spanId: this.spanId,
      parentSpanId: trace.spanId,
      startedAt: this.#startedAt,
      durationMs: at - this.#startedAt,
      timings: this.#clock.exchangeTimings(at),
    };
    this.#span?.end(finished);
    if (events.wants('exchange.finished')) events.publish(finished);
  }
}

function kindOf({ attempt, copy }: Call): ExchangeFinished['kind'] {
  if (copy > 1) return 'hedge';
  return attempt > 1 ? 'retry' : 'initial';
}

function isOutOfTime(reason: unknown): boolean {
  return reason instanceof AttemptTimeoutError || reason instanceof DeadlineExceededError;
}
