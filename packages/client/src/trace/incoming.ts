import { AsyncLocalStorage } from 'node:async_hooks';
import { type Runtime, type SwitchgearError, systemRuntime, withDeadline } from '@switchgear/policy';
import { type Check, type Checks, readOptions, text } from '@switchgear/policy/options';
import { headerProblem } from '../request/headers.ts';
import { type AttemptCount, defaultAttemptHeader, readAttemptCount, readMeshAttempt } from './attempt-count.ts';
import { readBaggage } from './baggage.ts';
import { deadlineReader, defaultDeadlineHeader } from './deadline-header.ts';
import { parseTraceparent, type TraceParent } from './traceparent.ts';
import { readTracestate } from './tracestate.ts';

/** What a request that is being handled hands on to the calls made for it. */
export interface Incoming {
  /** When its caller stops waiting, in monotonic milliseconds; Infinity when it did not say. */
  readonly deadline: number;
  readonly trace: TraceParent | undefined;
  readonly tracestate: string | undefined;
  readonly requestId: string | undefined;
  /** Passed on to those alone whom a client's `baggageTo` names. */
  readonly baggage?: string | undefined;
  /** Which attempt of its caller's it is, if that said so. */
  readonly attempt?: AttemptCount | undefined;
  /** How often a mesh in between has sent it, this time included. Above 1, something retries beside its caller. */
  readonly meshAttempt?: number | undefined;
  /** Aborted when its caller has gone: the calls made for it are then cancelled. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each call made for it that failed and that it would not help to send again from further out. */
  readonly onGivenUp?: ((error: SwitchgearError) => void) | undefined;
}

/** How headers come from `node:http`: lower-case names. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** How incoming requests are read. */
export interface IncomingOptions {
  /**
   * The header of yours that says how long the caller waits, in whole milliseconds. `grpc-timeout`, `Connect-Timeout-Ms`
   * and `X-Envoy-Expected-Rq-Timeout-Ms` are read in any case; of several, the earliest holds.
   * @default 'x-request-deadline-ms'
   */
  readonly deadlineHeader?: string;
  /** The header of yours that says which attempt a request is. @default 'x-request-attempt' */
  readonly attemptHeader?: string;
}

/** How incoming requests are read when nothing is said. */
export const incomingDefaults: Required<IncomingOptions> = Object.freeze({
  deadlineHeader: defaultDeadlineHeader,
  attemptHeader: defaultAttemptHeader,
});

const headerName: Check<string> = {
  expected: 'the name of a header',
  ok: (value): value is string => text.ok(value) && headerProblem(value, '0') === undefined,
};

/** The checks of `IncomingOptions`, for whoever takes further options beside them. */
export const incomingChecks: Checks<IncomingOptions> = { deadlineHeader: headerName, attemptHeader: headerName };

/** Visible ASCII: no space and no line break, so that an id can neither split a header nor forge a line of a log. */
const acceptableId = /^[\x21-\x7e]{1,200}$/;

/** The request id that a request brings, if it is acceptable. */
export function readRequestId(headers: IncomingHeaders): string | undefined {
  const given = single(headers['x-request-id']);
  return given !== undefined && acceptableId.test(given) ? given : undefined;
}

/** Makes what reads incoming requests, from options that have been checked. */
export function incomingReader(
  { deadlineHeader, attemptHeader }: Required<IncomingOptions>,
  { clock }: Runtime,
): (headers: IncomingHeaders) => Incoming {
  const leftMs = deadlineReader(deadlineHeader);
  const attempt = attemptHeader.toLowerCase();
  return (headers) => {
    const trace = parseTraceparent(single(headers.traceparent));
    return {
      deadline: clock.now() + leftMs(headers),
      trace,
      // Says more about a trace, so it is nothing without one.
      tracestate: trace === undefined ? undefined : readTracestate(single(headers.tracestate)),
      requestId: readRequestId(headers),
      baggage: readBaggage(single(headers.baggage)),
      attempt: readAttemptCount(single(headers[attempt])),
      meshAttempt: readMeshAttempt(single(headers['x-envoy-attempt-count'])),
    };
  };
}

/**
 * Reads the deadline, trace and request id of an incoming request. What is malformed counts as not sent, and is never
 * echoed.
 * @throws ConfigError with a path such as `readIncoming.deadlineHeader`.
 */
export function readIncoming(
  headers: IncomingHeaders,
  options: IncomingOptions = {},
  runtime: Runtime = systemRuntime,
): Incoming {
  return incomingReader(readOptions('readIncoming', options, incomingChecks, incomingDefaults), runtime)(headers);
}

const current = new AsyncLocalStorage<Incoming>();

/**
 * Runs what handles a request, so that every client call beneath keeps its deadline, belongs to its trace and is
 * cancelled when its caller goes. Whatever goes through a policy keeps the deadline, as in `withDeadline`.
 * @param runtime On whose clock the deadline was read.
 */
export function withIncoming<T>(incoming: Incoming, run: () => T, runtime: Runtime = systemRuntime): T {
  const { deadline } = incoming;
  return current.run(
    incoming,
    deadline === Number.POSITIVE_INFINITY ? run : () => withDeadline({ at: deadline }, run, runtime),
  );
}

/** What the request being handled here brought, if any. */
export function currentIncoming(): Incoming | undefined {
  return current.getStore();
}

/** Two of one name are a list, and nobody knows which of them is meant. */
function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
