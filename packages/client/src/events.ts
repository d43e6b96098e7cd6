import type { EventBase, Phase, PolicyEvent, Sent } from '@switchgear/policy';
import type { InterceptorHook } from './interceptors/interceptor.ts';
import type { ControlEnd, ControlSnapshot } from './operator/client-operator.ts';
import type { FaultInjectionOptions } from './operator/fault-injection.ts';
import type { CallTimings, PhaseTimings } from './timing/timings.ts';

/**
 * How a call ended. Exhaustive and exclusive: the fates of all calls add up to the calls.
 * - `ok`, `ok-retried`, `ok-hedged`: a live answer, of the first send, of one after a failure, or of a further copy that
 *   was quicker than the one before it
 * - `cached`, `stale`: a kept answer, within `freshMs` or past it; an answer that was waited for is `ok`
 * - `degraded`: the fallback answered
 * - `answered`: the service said no, with a status of its contract or another one below 500
 * - `throttled`: the service asks for less
 * - `refused`: breaker or bulkhead, before anything was sent
 * - `timed-out`: the deadline, or the last attempt's timeout
 * - `unavailable`: no connection, a lost one, a 5xx, no token to be had
 * - `invalid`: an answer that does not hold to the contract, or is too large
 * - `unauthenticated`: credentials refused
 * - `cancelled`: the caller left, or the client was closed before the call had ended
 * - `misused`: the call could not be made at all
 */
export type Fate =
  | 'ok'
  | 'ok-retried'
  | 'ok-hedged'
  | 'cached'
  | 'stale'
  | 'degraded'
  | 'answered'
  | 'throttled'
  | 'refused'
  | 'timed-out'
  | 'unavailable'
  | 'invalid'
  | 'unauthenticated'
  | 'cancelled'
  | 'misused';

/** A call of an operation began. Exactly one per call, and `call.finished` follows. */
export interface CallStarted extends EventBase {
  readonly type: 'call.started';
  readonly operation: string;
  readonly method: string;
  /** The path, with its parameters as they stand in the contract: one of a few, whatever is called. */
  readonly template: string;
  readonly requestId: string;
  readonly traceId: string;
  /** The span of this call: tells it from all others. */
  readonly spanId: string;
  /** The span that the call was made in, if the request being handled brought one. */
  readonly parentSpanId: string | undefined;
}

/**
 * One request and its answer are over, whatever became of them. An attempt has one of these, and a further one for each
 * redirect that it follows and for a request that is sent again with a newer token. `attempt.finished` is the policies'
 * word for the same attempt: how it was judged, where this one says what happened on the wire.
 */
export interface ExchangeFinished extends EventBase {
  readonly type: 'exchange.finished';
  readonly operation: string;
  /** 1 for the first. */
  readonly attempt: number;
  /**
   * Why it was made: as the call's first, after a failure, as a further copy of a slow attempt, or as one more of the
   * same attempt, which was sent on by a redirect or goes again with a newer token.
   */
  readonly kind: 'initial' | 'retry' | 'hedge' | 'resend';
  /** How many exchanges of the same call had begun before, for whatever reason; 0 for the first. */
  readonly resends: number;
  readonly method: string;
  /** The path, that of the base URL included, with its parameters as they stand in the contract. */
  readonly template: string;
  /** Who was asked: scheme, host and port. */
  readonly host: string;
  /** `1.1` or `2`, if an answer came and the transport knows. */
  readonly protocol: '1.1' | '2' | undefined;
  /** Of the answer, if one came. */
  readonly status: number | undefined;
  /** What the attempt failed with in this exchange: a refusal too is an answer, with a status and an error. */
  readonly error: unknown;
  /** The stable code of the error, if it is one of ours. */
  readonly code: string | undefined;
  readonly sent: Sent;
  /** How far it got. */
  readonly phase: Phase;
  /** Given up on purpose: the caller left, or another copy won the race. Never for a timeout. */
  readonly cancelled: boolean;
  /** The fault that an operator has injected and that hit it, if any. */
  readonly injected: FaultInjectionOptions['kind'] | undefined;
  readonly traceId: string;
  /** As it was sent in `traceparent`. */
  readonly spanId: string;
  /** The span of the call. */
  readonly parentSpanId: string;
  /** In monotonic milliseconds, as `at` is. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly timings: PhaseTimings;
}

/** A call of an operation ended; of one that is answered with a stream, its body. Exactly one per call. */
export interface CallFinished extends EventBase {
  readonly type: 'call.finished';
  readonly operation: string;
  readonly fate: Fate;
  readonly durationMs: number;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** How many of them came after a failure. */
  readonly retries: number;
  /** How many of them were further copies of a slow one. */
  readonly hedges: number;
  /** How far past its deadline it ended, in milliseconds; 0 when in time. */
  readonly overdueMs: number;
  readonly requestId: string;
  readonly traceId: string;
  /** The span of this call: tells it from all others. */
  readonly spanId: string;
  /** The span that the call was made in, if the request being handled brought one. */
  readonly parentSpanId: string | undefined;
  readonly timings: CallTimings;
  /** What it rejected with, or what the fallback stood in for. */
  readonly error: unknown;
}

/** Single look-ups that waited for each other were sent off together, or by themselves where only one had come. */
export interface BatchFlushed extends EventBase {
  readonly type: 'batch.flushed';
  /** Of the single look-ups. */
  readonly operation: string;
  /** The batch that they went into. */
  readonly into: string;
  readonly calls: number;
  /** Different keys among them. */
  readonly keys: number;
  /** How long the first of them waited, in milliseconds. */
  readonly waitedMs: number;
  /** Why they waited no longer: there were `maxKeys`, or `waitMs` were over, which is a tick where it is 0. */
  readonly reason: 'full' | 'wait' | 'tick';
}

/** A batch was answered, key by key. Each of its requests is a call of the operation and has its own `call.finished`. */
export interface BatchFinished extends EventBase {
  readonly type: 'batch.finished';
  readonly operation: string;
  /** Keys that its callers gave, each as often as it was given. */
  readonly asked: number;
  /** Keys that were sent, each once: the sum of the next three. */
  readonly keys: number;
  readonly found: number;
  readonly missing: number;
  readonly failed: number;
  readonly requests: number;
  /** Items about keys that nobody had asked for. */
  readonly strangers: number;
  /** Items about a key that had its item already. */
  readonly repeated: number;
  readonly durationMs: number;
  readonly requestId: string;
}

/** A token was asked for, with or without success. */
export interface TokenRefreshed extends EventBase {
  readonly type: 'token.refreshed';
  readonly ok: boolean;
  /** Counts the tokens of this credential, from 1. */
  readonly generation: number;
  readonly durationMs: number;
  readonly error: unknown;
}

/** There are no credentials any more: the token server, or the token function, said so. */
export interface AuthLost extends EventBase {
  readonly type: 'auth.lost';
  /** In a word, such as `invalid_grant`. */
  readonly reason: string;
  readonly error: unknown;
}

/** Rotated tokens could not be handed to whoever stores them. Until they are, a restart loses the session. */
export interface TokenUnsaved extends EventBase {
  readonly type: 'token.unsaved';
  /** When they are handed over again, in milliseconds. */
  readonly retryInMs: number;
  readonly error: unknown;
}

/** New certificates could not be had; connections go on with those before, if there are any. */
export interface TlsReloadFailed extends EventBase {
  readonly type: 'tls.reload-failed';
  readonly error: unknown;
}

/** A hook of an interceptor threw after the fact. What had come of the call or the attempt stands. */
export interface InterceptorFailed extends EventBase {
  readonly type: 'interceptor.failed';
  readonly operation: string;
  /** Its name. */
  readonly interceptor: string;
  readonly hook: InterceptorHook;
  readonly error: unknown;
}

/** A client takes no new calls any more. */
export interface ClientClosing extends EventBase {
  readonly type: 'client.closing';
  /** How long the calls under way may go on, in milliseconds. */
  readonly graceMs: number;
  /** How many there are. */
  readonly inFlight: number;
}

/** A client has come to its end: nothing is under way, and its connections are closed. */
export interface ClientClosed extends EventBase {
  readonly type: 'client.closed';
  /** Calls that were still under way when their grace was over. */
  readonly cancelled: number;
}

/** An operator has begun something that lasts: an isolation, or a fault. */
export interface ControlBegan extends EventBase {
  readonly type: 'control.began';
  readonly control: ControlSnapshot;
}

/** What an operator had begun is over. */
export interface ControlEnded extends EventBase {
  readonly type: 'control.ended';
  /** As it was in the end. */
  readonly control: ControlSnapshot;
  readonly because: ControlEnd;
}

/** An operator has closed the breakers by hand. */
export interface OperatorActed extends EventBase {
  readonly type: 'operator.acted';
  readonly action: 'reset' | 'close-circuit';
  readonly reason: string;
}

/** An attempt was answered with 401 and is sent once more with a newer token. */
export interface AttemptReauthorised extends EventBase {
  readonly type: 'attempt.reauthorised';
  readonly operation: string;
  readonly attempt: number;
}

/** One of several hosts is passed over from now on, because it does worse than the others. */
export interface HostEjected extends EventBase {
  readonly type: 'host.ejected';
  /** Scheme, host and port. */
  readonly host: string;
  readonly reason: 'consecutive-failures' | 'success-rate';
  /** For how long, in milliseconds. */
  readonly forMs: number;
  /** Hosts that are ejected now, this one included. */
  readonly ejected: number;
  readonly hosts: number;
}

/** An ejected host is in service again, with a share that grows. Told when someone asks, not when its time is over. */
export interface HostReturned extends EventBase {
  readonly type: 'host.returned';
  readonly host: string;
}

/** No host in service takes calls any more, so the ejected ones are asked as well. At most once per interval. */
export interface HostsPanicked extends EventBase {
  readonly type: 'hosts.panicked';
  readonly ejected: number;
  readonly hosts: number;
}

/** A resolver was asked for the hosts, with or without success; without, they stay as they are. */
export interface HostsResolved extends EventBase {
  readonly type: 'hosts.resolved';
  readonly ok: boolean;
  /** How many there are now. */
  readonly hosts: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly error: unknown;
}

/** All that a client says: what its policies say, and what it adds. */
export type ClientEvent =
  | PolicyEvent
  | CallStarted
  | CallFinished
  | ExchangeFinished
  | BatchFlushed
  | BatchFinished
  | InterceptorFailed
  | ClientClosing
  | ClientClosed
  | ControlBegan
  | ControlEnded
  | OperatorActed
  | TokenRefreshed
  | AuthLost
  | TokenUnsaved
  | TlsReloadFailed
  | AttemptReauthorised
  | HostEjected
  | HostReturned
  | HostsPanicked
  | HostsResolved;
