import { AsyncLocalStorage } from 'node:async_hooks';
import { type Runtime, systemRuntime } from '@switchgear/policy';
import { isHeaderValue } from '../request/headers.ts';
import { parseTraceparent, type TraceParent } from './traceparent.ts';

/** What a request that is being handled hands on to the calls made for it. */
export interface Incoming {
  /** When its caller stops waiting, in monotonic milliseconds; Infinity when it did not say. */
  readonly deadline: number;
  readonly trace: TraceParent | undefined;
  readonly tracestate: string | undefined;
  readonly requestId: string | undefined;
}

/** How headers come from `node:http`: lower-case names. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The header that carries the time left, in whole milliseconds. Relative, so that no two clocks need agree. */
export const defaultDeadlineHeader = 'x-request-deadline-ms';

const current = new AsyncLocalStorage<Incoming>();

/**
 * Reads the deadline, trace and request id of an incoming request. What is malformed counts as not sent, and is never
 * echoed.
 */
export function readIncoming(
  headers: IncomingHeaders,
  deadlineHeader: string = defaultDeadlineHeader,
  runtime: Runtime = systemRuntime,
): Incoming {
  const left = single(headers[deadlineHeader.toLowerCase()]);
  const requestId = single(headers['x-request-id']);
  const trace = parseTraceparent(single(headers.traceparent));
  const tracestate = single(headers.tracestate);
  return {
    deadline:
      left !== undefined && /^-?\d{1,9}$/.test(left) ? runtime.clock.now() + Number(left) : Number.POSITIVE_INFINITY,
    trace,
    tracestate: trace !== undefined && tracestate !== undefined && isShort(tracestate, 512) ? tracestate : undefined,
    requestId: requestId !== undefined && isShort(requestId, 200) ? requestId : undefined,
  };
}

/** Runs what handles a request, so that every client call beneath keeps its deadline and belongs to its trace. */
export function withIncoming<T>(incoming: Incoming, run: () => T): T {
  return current.run(incoming, run);
}

/** What the request being handled here brought, if any. */
export function currentIncoming(): Incoming | undefined {
  return current.getStore();
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function isShort(value: string, longest: number): boolean {
  return value.length <= longest && isHeaderValue(value);
}
