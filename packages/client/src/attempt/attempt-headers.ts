import { formatAttemptCount } from '../trace/attempt-count.ts';
import type { BaggageRecipients } from '../trace/baggage-recipients.ts';
import type { CallTrace } from '../trace/call-trace.ts';
import type { DeadlineHeader } from '../trace/deadline-header.ts';
import { formatTraceparent } from '../trace/traceparent.ts';
import type { ExchangeSpan } from '../trace/tracing.ts';

/** Which of them a client sends. */
export interface AttemptHeaderRules {
  readonly deadline: DeadlineHeader | undefined;
  /** The name of the header that counts attempts, in lower case. */
  readonly attempt: string | undefined;
  /** Of a call: all of its sends, copies included. */
  readonly maxAttempts: number;
  /** Whether the trace is told a second time, in the headers that services had before `traceparent`. */
  readonly xTraceHeaders: boolean;
  readonly baggageTo: BaggageRecipients;
}

/** What is known of one exchange. */
export interface ExchangeFacts {
  readonly attempt: number;
  readonly spanId: string;
  readonly trace: CallTrace;
  /** Its span, where somebody makes spans: what tells of it is theirs to say. */
  readonly span: ExchangeSpan | undefined;
  /** Until it is given up, in milliseconds. */
  readonly leftMs: number;
  /** Who is asked. */
  readonly origin: string;
}

/** The headers in which the attempts of a call differ from one another: all others are the same in each of them. */
export class AttemptHeaders {
  readonly #rules: AttemptHeaderRules;
  /** By attempt: every call sends one of these, and most send the first. */
  readonly #counts: readonly string[];

  constructor(rules: AttemptHeaderRules) {
    this.#rules = rules;
    const { attempt, maxAttempts } = rules;
    this.#counts =
      attempt === undefined
        ? []
        : Array.from({ length: Math.min(maxAttempts, 16) }, (_, i) => formatAttemptCount(i + 1, maxAttempts));
  }

  /** Whether what callers have put into the baggage may be told there. */
  tellsBaggageTo(origin: string): boolean {
    return this.#rules.baggageTo.has(origin);
  }

  /** Adds them to the headers of a request, names and values in turn. */
  addTo(headers: string[], { attempt, spanId, trace, span, leftMs, origin }: ExchangeFacts): void {
    const { deadline, attempt: counter, maxAttempts, xTraceHeaders } = this.#rules;
    const { traceId, flags, baggage } = trace;
    if (span === undefined) headers.push('traceparent', formatTraceparent({ traceId, spanId, flags }));
    else headers.push(...span.headers);
    if (xTraceHeaders) headers.push('x-trace-id', traceId, 'x-span-id', spanId, 'x-parent-span-id', trace.spanId);
    if (baggage !== undefined && !span?.headers.includes('baggage') && this.tellsBaggageTo(origin)) {
      headers.push('baggage', baggage);
    }
    if (counter !== undefined) {
      headers.push(counter, this.#counts[attempt - 1] ?? formatAttemptCount(attempt, Math.max(attempt, maxAttempts)));
    }
    const left = deadline?.valueFor(leftMs);
    if (left !== undefined) headers.push((deadline as DeadlineHeader).name, left);
  }
}
